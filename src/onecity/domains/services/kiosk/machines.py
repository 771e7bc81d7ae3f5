"""Machines as they prove themselves and as the desk looks after them; rows of a machine open for that machine alone."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.items import store
from onecity.domains.services.kiosk import permissions
from onecity.domains.services.kiosk.models import Terminal, TerminalState
from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

SETTING: Final = "onecity.terminal"
SILENT: Final = dt.timedelta(minutes=5)
MOST_ITEMS: Final = 24
LOW_PAPER: Final = 15
CONDITIONS: Final = ("ok", "empty", "jammed", "open", "missing", "unknown")


@dataclass(frozen=True, slots=True)
class Health:
    """How a machine is: what is wrong with it, in words; nothing where it is well."""

    terminal: Terminal
    state: TerminalState | None
    troubles: tuple[object, ...]


def register(actor: Account, name: str, place: str, division_path: str) -> tuple[Terminal, str]:
    """A new machine and its secret, which is shown only now. Raises a problem (403, 422)."""
    policy.require(actor, permissions.MANAGE, division_path)
    if not name.strip() or not place.strip():
        wrong = FieldError("name", _("Say what the machine is called and where it stands."))
        raise Problem("invalid-terminal", _("The terminal was not added."), status=422, errors=[wrong])
    secret = secrets.token_urlsafe(24)
    made = Terminal.objects.create(
        name=name.strip(), place=place.strip(), division_path=division_path, secret_hash=digest(secret)
    )
    audit.record(
        "terminal.added", actor_id=actor.id, object_type="terminal", object_id=made.id, division_path=division_path
    )
    return made, secret


def publish(terminal: Terminal, actor: Account, codes: Sequence[str]) -> None:
    """Say what a machine offers from now on; raises a problem (403, 422) for a service that no terminal can do."""
    policy.require(actor, permissions.MANAGE, terminal.division_path)
    known = offerable()
    strange = [code for code in codes if code not in known]
    if strange or len(set(codes)) > MOST_ITEMS:
        wrong = FieldError(
            "items", _("These cannot be offered at a terminal: %(codes)s.") % {"codes": ", ".join(strange)}
        )
        raise Problem("invalid-terminal", _("Nothing was published."), status=422, errors=[wrong])
    Terminal.objects.filter(id=terminal.id).update(items=sorted(set(codes)))
    audit.record(
        "terminal.published", actor_id=actor.id, object_type="terminal", object_id=terminal.id,
        division_path=terminal.division_path, detail={"items": sorted(set(codes))},
    )  # fmt: skip


def switch(terminal: Terminal, actor: Account, *, active: bool) -> None:
    """Take a machine out of service, at once and everywhere, or put it back."""
    policy.require(actor, permissions.MANAGE, terminal.division_path)
    Terminal.objects.filter(id=terminal.id).update(active=active)
    audit.record(
        "terminal.opened" if active else "terminal.closed", actor_id=actor.id, object_type="terminal",
        object_id=terminal.id, division_path=terminal.division_path,
    )  # fmt: skip


def offerable() -> dict[str, store.Published]:
    """The services in force that may be done at a terminal."""
    return {code: one for code, one in store.items().items() if one.in_use and one.item.channels.kiosk}


def offered(terminal: Terminal) -> list[store.Published]:
    """What a machine offers now: what was published to it and is still in force, in its order."""
    known = offerable()
    return [known[code] for code in terminal.items if code in known]


def proved(secret: str) -> Terminal | None:
    """The active machine that this secret belongs to."""
    return Terminal.objects.filter(secret_hash=digest(secret), active=True).first() if secret else None


def digest(secret: str) -> str:
    """The digest under which a secret is kept; it has 192 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


@contextmanager
def acting(terminal: Terminal) -> Iterator[None]:
    """Let the database open the rows of this machine within the running transaction."""
    _set(str(terminal.id))
    yield
    if not connection.needs_rollback:
        _set("")


def said(terminal: Terminal, told: dict[str, Any]) -> None:
    """What the program on a machine says of it; words that are none are taken as unknown."""
    paper = told.get("paper_percent")
    values = {
        "seen_at": now(),
        "version": str(told.get("version", ""))[:40],
        "reader": _condition(told.get("reader")),
        "printer": _condition(told.get("printer")),
        "paper_percent": paper if isinstance(paper, int) and 0 <= paper <= 100 else None,
    }
    with acting(terminal):
        TerminalState.objects.update_or_create(terminal=terminal, defaults=values)


def health(terminals: Sequence[Terminal], at: dt.datetime | None = None) -> list[Health]:
    """How machines are, those in trouble first."""
    states = {one.terminal_id: one for one in TerminalState.objects.filter(terminal__in=terminals)}
    found = [Health(one, states.get(one.id), _troubles(one, states.get(one.id), at or now())) for one in terminals]
    return sorted(found, key=lambda one: not one.troubles)


def _troubles(terminal: Terminal, state: TerminalState | None, at: dt.datetime) -> tuple[object, ...]:
    if not terminal.active:
        return ()
    if state is None or at - state.seen_at > SILENT:
        return (_("It has not been heard of for five minutes."),)
    found: list[object] = []
    if state.reader != "ok":
        found.append(_("The card reader does not work."))
    if state.printer != "ok":
        found.append(_("The printer does not work."))
    if state.paper_percent is not None and state.paper_percent < LOW_PAPER:
        found.append(_("Paper is running out."))
    return tuple(found)


def _condition(value: object) -> str:
    return value if isinstance(value, str) and value in CONDITIONS else "unknown"


def _set(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, value])


def find(terminal_id: UUID) -> Terminal:
    """One machine; raises a problem (404)."""
    found = Terminal.objects.filter(id=terminal_id).first()
    if found is None:
        raise Problem("terminal-not-found", _("There is no such terminal."), status=404)
    return found
