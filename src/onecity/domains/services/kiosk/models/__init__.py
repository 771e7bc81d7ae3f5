"""Tables of the terminals: the machines, how they are, cards that were read, and what they print."""

from onecity.domains.services.kiosk.models.print_job import JobState, PrintJob
from onecity.domains.services.kiosk.models.terminal import CardReading, Terminal, TerminalState

__all__ = ["CardReading", "JobState", "PrintJob", "Terminal", "TerminalState"]
