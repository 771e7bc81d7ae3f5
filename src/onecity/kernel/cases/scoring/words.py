"""What the figures of the score card are called."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

COUNTS: Final[Mapping[str, object]] = {
    "received": _("Cases received"),
    "ended": _("Ended"),
    "late": _("Ended late"),
    "settled": _("Settled"),
    "solved": _("Really solved"),
    "redone": _("Sent back"),
    "ratings": _("Ratings by name"),
    "proactive": _("Found unasked"),
}
POINTS: Final[Mapping[str, object]] = {
    "received": _("Points: received"),
    "contacted": _("Points: first word"),
    "settled": _("Points: settled"),
    "satisfied": _("Points: satisfaction"),
}
RATES: Final[Mapping[str, object]] = {
    "first_contact": _("First word reached"),
    "on_time": _("On time"),
    "solved": _("Really solved, rate"),
    "satisfied": _("Satisfied"),
    "redone": _("Sent back, rate"),
    "closed": _("Closed loop"),
    "proactive": _("Found unasked, rate"),
}
# figures that only have a list, not a column
LISTS: Final[Mapping[str, object]] = {
    **COUNTS,
    "reached": _("First words that reached the resident"),
    "missed": _("First words that did not reach the resident"),
}
# the list that explains each of these: what went wrong where something can, else what was counted
OPENS: Final[Mapping[str, str]] = {
    "contacted": "reached", "satisfied": "ratings", "first_contact": "missed", "on_time": "late", "closed": "ended",
}  # fmt: skip
