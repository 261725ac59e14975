"""What an agent did with a suggestion, as it goes to the journal."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, RootModel

from opportunity.advice.playbook import Playbook
from opportunity.advice.reply import check_reply
from opportunity.journal import Journal
from opportunity.records import Complaint, Labels, Suggestion
from opportunity.serve.schemas import LabelsIn, Strict

__all__ = [
    "AcceptedIn",
    "CorrectedIn",
    "FeedbackIn",
    "ForgetIn",
    "Given",
    "Keeper",
    "Kept",
    "OutcomeIn",
    "ReplyIn",
    "StoryIn",
]


def _no_other_type(value: object) -> object:
    """JSON's true is no number, though Python's is."""
    if isinstance(value, bool | str):
        raise ValueError("it is a whole number")  # noqa: TRY004  (pydantic asks for this one)
    return value


class _About(Strict):
    text: str = Field(description="The complaint.")
    id: str | None = Field(default=None, max_length=200, description="Your id of the complaint.")
    customer: str | None = Field(
        default=None,
        max_length=320,
        description="Who wrote it; only a keyed hash is kept, for forgetting them.",
    )
    agent: str | None = Field(default=None, max_length=100, description="Who answers it.")
    suggestion: Annotated[int | None, BeforeValidator(_no_other_type)] = Field(
        default=None, ge=1, lt=2**63, description="The journal's number, from the answer to earlier feedback."
    )


class AcceptedIn(_About):
    """The suggestion was right."""

    kind: Literal["accepted"]


class CorrectedIn(_About):
    """The agent says what is right."""

    kind: Literal["corrected"]
    chosen: LabelsIn


class ReplyIn(_About):
    """The reply that was sent."""

    kind: Literal["reply"]
    reply: str


class OutcomeIn(_About):
    """Which level was reached, and what the customer said."""

    kind: Literal["outcome"]
    level: Literal["missed", "meet", "exceed", "delight", "amaze"]
    words: str | None = None


class StoryIn(_About):
    """An extra mile worth telling."""

    kind: Literal["story"]
    title: str = Field(min_length=1, max_length=200)
    happened: str
    done: str
    plus_one: str | None = None
    said: str | None = None


class ForgetIn(Strict):
    """Delete everything that is kept about a customer."""

    kind: Literal["forget"]
    customer: str = Field(min_length=1, max_length=320)


Given = AcceptedIn | CorrectedIn | ReplyIn | OutcomeIn | StoryIn | ForgetIn


class FeedbackIn(RootModel[Annotated[Given, Field(discriminator="kind")]]):
    """One piece of feedback."""


class Kept(BaseModel):
    """What became of the feedback.

    Attributes
    ----------
    status : str
    suggestion : int or None
        The journal's number of the suggestion; give it with what comes after.
    """

    status: Literal["stored", "forgotten"] = "stored"
    suggestion: int | None = None


class Keeper:
    """Writes feedback to a journal; the suggestion that it is about is read again, never taken from the caller.

    Parameters
    ----------
    journal : Journal
    triage : callable
        From a `Complaint` to its `Suggestion`.
    playbook : Playbook or None
        What a reply is reviewed with.
    """

    def __init__(
        self, journal: Journal, triage: Callable[[Complaint], Suggestion], playbook: Playbook | None = None
    ) -> None:
        self._journal = journal
        self._triage = triage
        self._playbook = playbook

    def keep(self, given: Given, agent: str | None = None) -> Kept:
        """Write one piece of feedback.

        Parameters
        ----------
        given : Given
        agent : str or None
            Who gave it, where the feedback itself does not say.

        Returns
        -------
        Kept

        Raises
        ------
        JournalError
            Where the journal does not know the number, or cannot be written.
        """
        if isinstance(given, ForgetIn):
            self._journal.forget(given.customer)
            return Kept(status="forgotten")
        shown = self._triage(Complaint(given.text, id=given.id))
        number = given.suggestion or self._journal.record_suggestion(given.text, shown, given.customer)
        self._add(number, given, shown.chosen, given.agent or agent)
        return Kept(suggestion=number)

    def _add(self, number: int, given: Given, chosen: Labels, agent: str | None) -> None:
        match given:
            case AcceptedIn():
                self._journal.correct(number, chosen, agent)
            case CorrectedIn():
                self._journal.correct(number, given.chosen.labels(), agent)
            case ReplyIn():
                review = check_reply(given.text, given.reply, chosen, self._playbook)
                self._journal.record_reply(number, given.reply, review.to_dict(), agent)
            case OutcomeIn():
                self._journal.record_outcome(number, given.level, given.words)
            case StoryIn():
                words = {"plus_one": given.plus_one, "said": given.said, "customer": given.customer}
                self._journal.tell_story(given.title, given.happened, given.done, suggestion=number, **words)
