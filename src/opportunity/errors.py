"""Every error that this library raises on purpose.

::

    OpportunityError
    ├── ModelError              a model folder cannot be used
    │   ├── ModelNotFoundError    there is none at that path
    │   ├── ModelFormatError      it is of a format that this version does not read
    │   └── ModelCorruptError     a file of it is missing, broken or not what its checksum says
    ├── DataError               labelled or unlabelled rows cannot be read
    ├── PlaybookError           a playbook file is wrong
    ├── JournalError            the journal cannot be read or written
    └── MissingExtraError       a part was asked for whose dependencies are not installed

A message says what was wrong, which value came, and what to do; it never holds a customer's text.
"""

__all__ = [
    "DataError",
    "JournalError",
    "MissingExtraError",
    "ModelCorruptError",
    "ModelError",
    "ModelFormatError",
    "ModelNotFoundError",
    "OpportunityError",
    "PlaybookError",
]


class OpportunityError(Exception):
    """Base of all errors of this library."""


class ModelError(OpportunityError):
    """A model folder cannot be used."""


class ModelNotFoundError(ModelError):
    """There is no model at the path."""


class ModelFormatError(ModelError):
    """The model is of a kind or format version that this version does not read."""


class ModelCorruptError(ModelError):
    """A file of the model is missing, broken or does not match its checksum."""


class DataError(OpportunityError):
    """Rows cannot be read or do not follow the labelling guide."""


class PlaybookError(OpportunityError):
    """A playbook file is wrong."""


class JournalError(OpportunityError):
    """The journal cannot be read or written."""


class MissingExtraError(OpportunityError):
    """A part needs dependencies that are not installed."""

    def __init__(self, part: str, extra: str) -> None:
        super().__init__(f"{part} needs packages that are not installed; run: pip install 'opportunity[{extra}]'")
