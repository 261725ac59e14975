"""What the HTTP interface takes and gives, as its OpenAPI description says it."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import core_schema

from opportunity.records import Labels, Suggestion
from opportunity.taxonomy import TAXONOMY

__all__ = [
    "Accepted",
    "BatchRequest",
    "BatchResponse",
    "CheckRequest",
    "CheckResponse",
    "ComplaintIn",
    "HeadOut",
    "Health",
    "LabelsIn",
    "Problem",
    "Strict",
    "taxonomy_as_data",
]

MOST_IN_A_BATCH = 1000


class Strict(BaseModel):
    """Takes what is described and nothing else."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ComplaintIn(Strict):
    """One complaint."""

    text: str = Field(description="The customer's message.")
    id: str | None = Field(default=None, max_length=200, description="Your own id; it comes back with the answer.")


class BatchRequest(Strict):
    """Several complaints."""

    complaints: list[ComplaintIn] = Field(max_length=MOST_IN_A_BATCH)


class BatchResponse(BaseModel):
    """The suggestions, in the order of the complaints."""

    suggestions: list[Suggestion]


@dataclass(frozen=True, slots=True)
class LabelOf:
    """Marks a field as one label of a head, or as a list of them, in validation and in the description."""

    head: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """The labels of the taxonomy, and no other."""
        head = TAXONOMY[self.head]
        one = core_schema.literal_schema(list(head.names))
        return one if head.form == "single" else core_schema.list_schema(one, max_length=head.most)


class LabelsIn(Strict):
    """Labels as an agent has them; what is left out was not chosen."""

    kind: Annotated[str, LabelOf("kind")] | None = None
    failure: Annotated[list[str], LabelOf("failure")] = Field(default_factory=list)
    opportunity: Annotated[list[str], LabelOf("opportunity")] = Field(default_factory=list)
    help: Annotated[list[str], LabelOf("help")] = Field(default_factory=list)
    urgency: Annotated[str, LabelOf("urgency")] | None = None
    heat: Annotated[str, LabelOf("heat")] | None = None
    flags: Annotated[list[str], LabelOf("flags")] = Field(default_factory=list)

    def labels(self) -> Labels:
        """The labels as the library has them."""
        return Labels.from_dict(self.model_dump())


class CheckRequest(Strict):
    """A drafted reply beside its complaint."""

    complaint: str
    reply: str
    chosen: LabelsIn | None = Field(default=None, description="The suggestion's labels, or the agent's own.")


class QuoteOut(BaseModel):
    """Words of the reply."""

    quote: str
    start: int
    end: int


class CheckResponse(BaseModel):
    """The twelve answers, and what to mend first."""

    answers: dict[str, Literal["yes", "no", "na"]]
    quotes: dict[str, QuoteOut]
    out_of_ten: Annotated[float, Field(ge=0, le=10)]
    mend_first: str | None
    example: str | None


class LabelOut(BaseModel):
    """One label."""

    name: str
    meaning: str
    not_when: str | None


class HeadOut(BaseModel):
    """One question and the labels that answer it."""

    name: str
    question: str
    form: str
    most: int
    ordinal: bool
    labels: list[LabelOut]


class Accepted(BaseModel):
    """What became of a delivery."""

    status: Literal["accepted", "repeated", "passed over"]


class Health(BaseModel):
    """Whether the service can answer."""

    status: Literal["ok"]


class Problem(BaseModel):
    """Why a request was refused; it never repeats what was sent."""

    error: str
    request_id: str | None = None


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request cannot be read"},
    401: {"model": Problem, "description": "No valid API key or signature"},
    408: {"model": Problem, "description": "The request took too long to arrive"},
    413: {"model": Problem, "description": "The request is too large"},
    422: {"model": Problem, "description": "The request does not have the form described here"},
    429: {"model": Problem, "description": "Too many requests; see Retry-After"},
    503: {"model": Problem, "description": "The answer took too long"},
}
"""The refusals that every operation may give."""


def taxonomy_as_data() -> list[dict[str, Any]]:
    """The taxonomy as plain JSON values."""
    return [
        {
            "name": head.name,
            "question": head.question,
            "form": head.form,
            "most": head.most,
            "ordinal": head.ordinal,
            "labels": [asdict(label) for label in head.labels],
        }
        for head in TAXONOMY.values()
    ]
