"""Entries of a history that are no step of the life cycle: what they are called, and which take nothing from the next person."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.types import in_language

# these add to the history without taking anything from the next person who acts
PASSIVE: Final = frozenset(
    {
        "comment",
        "attach",
        "due_soon",
        "overdue",
        "escalated",
        "review_due",
        "alert_end",
        "part_ended",
        "word",
        "rated",
        "merged_ended",
        "forget",
        "held",
        "released",
        "published",
        "withdrawn",
    }
)
TITLES: Final[Mapping[str, object]] = {
    "open": _("Opened"),
    "assign": _("Assigned"),
    "hand_over": _("Handed over"),
    "comment": _("Note"),
    "attach": _("File added"),
    "due_soon": _("Due soon"),
    "overdue": _("Overdue"),
    "escalated": _("Reported upwards"),
    "review_due": _("Time to look at the suspension again"),
    "alert_end": _("The alert ended"),
    "part_ended": _("A part of it ended"),
    "merged": _("Merged into another case"),
    "unmerged": _("Taken out of the other case again"),
    "took_in": _("Another case was merged into this one"),
    "gave_back": _("A merged case was taken out again"),
    "merged_ended": _("The case into which it went has ended"),
    "word": _("Word of the resident"),
    "rated": _("Rated"),
    "contact": _("First word to the resident"),
    "ask_extension": _("More time asked for"),
    "grant_extension": _("More time granted"),
    "refuse_extension": _("More time refused"),
    "suspend": _("Suspended"),
    "resume": _("Resumed"),
    "supervise": _("Put under supervision"),
    "answer_supervision": _("Supervision answered"),
    "split": _("Split into parts"),
    "join": _("Other bodies asked to help"),
    "joint_done": _("A body did its share"),
    "forward": _("Forwarded to an outside body"),
    "recall": _("Back from the outside body"),
    "whistle": _("Department called to the place"),
    "report_in": _("Department reported in"),
    "reject_whistle": _("Call turned down"),
    "forget": _("Personal data erased"),
    "held": _("Kept: nothing is erased"),
    "released": _("No longer kept"),
    "published": _("Released for everybody"),
    "withdrawn": _("No longer published"),
    "migrate": _("Moved to another version of its kind"),
}


def title(definition: Definition, action: str) -> object:
    """What a step or an entry is called, in the reader's language."""
    transition = definition.transition(action)
    return in_language(transition.title) if transition else TITLES.get(action, action)
