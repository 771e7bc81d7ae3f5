"""What the archive's pages call the deeds of a package's history."""

from typing import Final

from django.utils.translation import gettext_lazy as _

DEEDS: Final = {
    "taken_in": _("Taken into the archive"),
    "read": _("File read"),
    "exported": _("Exported"),
    "reading_asked": _("Asked to read"),
    "reading_allowed": _("Reading allowed for a week"),
    "reading_refused": _("Reading refused"),
    "held": _("Held"),
    "released": _("Hold lifted"),
    "disposal_proposed": _("Disposal proposed"),
    "disposal_refused": _("Disposal refused"),
    "disposed": _("Disposed of"),
    "found_damaged": _("Found damaged"),
    "found_missing": _("Found missing"),
    "found_sound": _("Found sound again"),
}
