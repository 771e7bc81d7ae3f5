"""The name of the district that this installation serves, asked once a minute and not once a page."""

import time
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils.translation import gettext as _

from onecity.kernel.places import service

SECONDS = 60.0


@dataclass
class _Known:
    name: str = ""
    until: float = 0.0


_known = _Known()


def place_name(language: str) -> str:
    """The root division's name; "City platform" before a district is loaded."""
    del language
    if time.monotonic() > _known.until:
        _known.name = _root_name()
        _known.until = time.monotonic() + SECONDS
    return _known.name or _("City platform")


def forget() -> None:
    """Ask again at the next page: a district has just been loaded, or a test ends."""
    _known.until = 0.0


def _root_name() -> str:
    try:
        root = service.root()
    except DatabaseError:
        return ""
    return str(root.name) if root else ""
