"""What the start page shows as "my things": each part of the platform that knows of some adds a provider."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onecity.kernel.people.models import Account


@dataclass(frozen=True)
class Entry:
    """One of my things: what it is called, where it leads, and what it says beside; `badge` with its tone (good, warn …)."""

    title: str
    href: str
    icon: str = "clipboard-list"
    detail: str = ""
    badge: str = ""
    tone: str = ""
    deadline: dt.datetime | None = None


@dataclass(frozen=True)
class Slot:
    """My things of one provider: what I have to do, what others do for me, what I hold."""

    due: Sequence[Entry] = ()
    running: Sequence[Entry] = ()
    held: Sequence[Entry] = ()


Provider = Callable[[Account], Slot]
_PROVIDERS: list[Provider] = []


def add(provider: Provider) -> None:
    """Show the things of this provider as well."""
    if provider not in _PROVIDERS:
        _PROVIDERS.append(provider)


def of(account: Account) -> Slot:
    """Everything that the providers know, in their order."""
    found = [provider(account) for provider in _PROVIDERS]
    return Slot(
        [entry for slot in found for entry in slot.due],
        [entry for slot in found for entry in slot.running],
        [entry for slot in found for entry in slot.held],
    )


def remove(provider: Provider) -> None:
    """Show the things of this provider no more."""
    _PROVIDERS.remove(provider)
