"""A suggestion as one flat row: what CSV and Parquet files hold of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from opportunity.taxonomy import HEADS, TAXONOMY

__all__ = ["TAKEN", "WORDS", "flat_row", "flat_schema"]

WORDS = ("evidence", "answer_opportunity", "answer_help")
"""The columns that hold words; without advice they are left out."""

TAKEN = frozenset(
    f"id {' '.join(HEADS)} abstained opportunity_probability probabilities {' '.join(WORDS)}"
    " chosen facts answers plan levels model notes".split()
)
"""Names that a kept field cannot have, in a flat row or in the contract."""


def flat_row(contract: Mapping[str, Any], keep: Sequence[str] = ()) -> dict[str, Any]:
    """Make a row of the output contract.

    Parameters
    ----------
    contract : mapping
        `Suggestion.to_dict`, and the fields to keep beside it.
    keep : sequence of str

    Returns
    -------
    dict
        ``id``, the chosen labels, ``abstained``, ``opportunity_probability``, the words, and the kept fields.
    """
    primary = (contract["chosen"]["opportunity"] or [None])[0]
    quotes = [e["quote"] for e in contract["evidence"] if e["head"] == "opportunity" and e["label"] == primary]
    answers = contract["answers"] or {"opportunity": None, "help": None}
    return {
        "id": contract["id"],
        **contract["chosen"],
        "abstained": contract["abstained"],
        "opportunity_probability": contract["opportunity"][0]["probability"],
        "evidence": " … ".join(quotes) or None,
        "answer_opportunity": answers["opportunity"],
        "answer_help": answers["help"],
        **{name: contract.get(name) for name in keep},
    }


def flat_schema(keep: Sequence[str] = ()) -> Any:
    """Return the Arrow schema of such rows."""
    import pyarrow as pa

    heads = [(h.name, pa.string() if h.form == "single" else pa.list_(pa.string())) for h in TAXONOMY.values()]
    number = [("opportunity_probability", pa.float32())]
    words = [(name, pa.string()) for name in (*WORDS, *keep)]
    return pa.schema([("id", pa.string()), *heads, ("abstained", pa.string()), *number, *words])
