"""What can be wrong with a source, as a word for the state and a sentence for people."""

from collections.abc import Mapping
from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Fault(StrEnum):
    """Why a source gives nothing."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    PROTOCOL = "protocol"
    SETTINGS = "settings"
    POINTS = "points"
    FULL = "full"
    INTERNAL = "internal"


WORDS: Mapping[str, object] = {
    Fault.UNREACHABLE: _("The other side cannot be reached. Check its address, and whether it is switched on."),
    Fault.TIMEOUT: _("The other side does not answer in time."),
    Fault.REFUSED: _("The other side refuses our credentials. Enter them anew."),
    Fault.PROTOCOL: _("The other side answers in a way that this protocol does not have. Check the protocol and port."),
    Fault.SETTINGS: _("The settings cannot be used. Open them and save them again."),
    Fault.POINTS: _("Some points cannot be read; the others are. Check their addresses."),
    Fault.FULL: _(
        "The log takes nothing and the disk buffer is full. Readings wait at the source where it keeps them."
    ),
    Fault.INTERNAL: _("The platform made a mistake with this source; its log says more."),
}


class SourceError(Exception):
    """A source cannot go on now; it will be tried again later."""

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(fault, detail)
        self.fault = fault
        self.detail = detail[:500].replace("\0", " ")


def words(error: str) -> str:
    """The sentence for a state's error, "" where there is none."""
    return str(WORDS.get(error, error))
