"""``nlp.add_pipe("opportunity")``: the suggestion as ``doc._.opportunity``, the probabilities in ``doc.cats``.

spaCy imports this module whenever a pipeline is made, in every program that has both packages. So it imports nothing
of the library that takes time; the model is loaded for the first document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Doc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opportunity.records import Suggestion
    from opportunity.triage import Triage

__all__ = ["OpportunityComponent", "make_component"]

_KEY = "opportunity"


class OpportunityComponent:
    """Reads each document as a complaint; its tokens are not used.

    Parameters
    ----------
    model, playbook : str or None
        What `opportunity.load` is given.
    facts : bool
        Whether facts are looked for.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> component = nlp.add_pipe("opportunity", config={"model": "table"})
    >>> doc = nlp("You charged me twice for the same ticket. I want the £40 back.")
    >>> doc._.opportunity.chosen.opportunity[0]
    'make_whole'
    >>> doc.cats["opportunity:make_whole"] > 0.5
    True
    """

    def __init__(self, model: str | None, playbook: str | None, facts: bool) -> None:
        self.model = model
        self.playbook = playbook
        self.facts = facts
        self._triage: Triage | None = None
        if not Doc.has_extension(_KEY):
            Doc.set_extension(_KEY, getter=_suggestion_of)

    def __call__(self, doc: Doc) -> Doc:
        """Suggest for one document."""
        suggestion = self._loaded()(doc.text)
        _annotate(doc, suggestion)
        return doc

    def pipe(self, docs: Iterable[Doc], *, batch_size: int = 256) -> Iterator[Doc]:
        """Suggest for a stream of documents, in order."""
        for doc in docs:
            yield self(doc)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model out; each process loads its own."""
        return self.__dict__ | {"_triage": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if not Doc.has_extension(_KEY):
            Doc.set_extension(_KEY, getter=_suggestion_of)

    def _loaded(self) -> Triage:
        if self._triage is None:
            from opportunity.triage import load

            self._triage = load(self.model, playbook=self.playbook, facts=self.facts)
        return self._triage


def make_component(
    nlp: Language, name: str, model: str | None, playbook: str | None, facts: bool
) -> OpportunityComponent:
    """Make the component that ``nlp.add_pipe("opportunity")`` adds."""
    return OpportunityComponent(model, playbook, facts)


Language.factory(
    "opportunity",
    assigns=["doc._.opportunity", "doc.cats"],
    default_config={"model": None, "playbook": None, "facts": True},
    func=make_component,
)


def _annotate(doc: Doc, suggestion: Suggestion) -> None:
    """Write the suggestion in plain values, so that the document can be saved and sent between processes."""
    from opportunity.taxonomy import HEADS

    doc.user_data[_KEY] = suggestion.to_dict()
    for head in HEADS:
        doc.cats |= {f"{head}:{r.label}": r.probability for r in getattr(suggestion, head)}


def _suggestion_of(doc: Doc) -> Suggestion | None:
    from opportunity.records import Suggestion

    values = doc.user_data.get(_KEY)
    return None if values is None else Suggestion.from_dict(values)
