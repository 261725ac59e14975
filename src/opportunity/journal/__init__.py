"""What happened: suggestions shown, corrections, replies, outcomes and stories, in one SQLite file."""

from opportunity.journal.digest import week_digest
from opportunity.journal.entries import Handled, Story, Week
from opportunity.journal.journal import Journal

__all__ = ["Handled", "Journal", "Story", "Week", "week_digest"]
