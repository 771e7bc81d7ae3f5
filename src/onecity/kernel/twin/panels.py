"""What other packages show on an entity's page: each adds a panel, so that the twin need not know them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from onecity.kernel.twin.models import Entity


@dataclass(frozen=True)
class Panel:
    """One part of the page: its title, its template, what that needs, and the kinds of change that renew it."""

    title: object
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    refreshed_by: str = ""


Maker = Callable[[HttpRequest, Entity], Panel | None]
_makers: list[Maker] = []


def add(maker: Maker) -> None:
    """Have `maker` asked for a panel on every entity's page; it answers None where it has nothing to show."""
    if maker not in _makers:
        _makers.append(maker)


def of(request: HttpRequest, entity: Entity) -> list[Panel]:
    """The panels of an entity's page, in the order in which they were added."""
    return [panel for maker in _makers if (panel := maker(request, entity)) is not None]
