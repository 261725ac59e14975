"""A scored backlog on one page for a team lead: where the opportunities lie, what is urgent, and in whose words."""

from opportunity.report.write import Reported, write_report

__all__ = ["Reported", "write_report"]
