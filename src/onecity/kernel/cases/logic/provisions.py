"""What a case type provides for beside its states: forms, reasons, evidence, side paths, escalation, ratings.

All of it is data of one version of the type. What is left out is not offered: a type without `extension` grants none.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Unit = Literal["working_hours", "working_days", "calendar_days"]
Title = Mapping[str, str]
Erased = Literal["reporter", "files", "words"]


class Provision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that a type provides for."""


class Choice(Provision, frozen=True):
    """One value of a fixed list, such as a ground for returning a case or a way in which it was settled."""

    code: str
    title: Title


class Span(Provision, frozen=True):
    """An amount of time as the working calendar counts it."""

    amount: float
    unit: Unit


class Form(Provision, frozen=True):
    """What is asked: `schema` is JSON Schema 2020-12 (an object of plain fields), `ui` says how it is shown."""

    schema: Mapping[str, Any]
    ui: Mapping[str, Any] = {}


class Evidence(Provision, frozen=True):
    """Photos that a step needs: how many, whether they must say where they were taken, how near (metres), how fresh."""

    minimum: int = 1
    position: bool = False
    within_m: float | None = None
    within_hours: float | None = None


class Extension(Provision, frozen=True):
    """More time (延期): asked for before it is over, granted by somebody else; `most` is the longest of one request."""

    most: Span
    times: int = 1
    permission: str = "cases.dispatch"
    reasons: tuple[Choice, ...] = ()


class Suspension(Provision, frozen=True):
    """The clock stands still (挂账): with a ground, and looked at again after `review` at the latest."""

    review: Span
    permission: str = "cases.dispatch"
    reasons: tuple[Choice, ...] = ()


class Forwarding(Provision, frozen=True):
    """To a body outside the platform and back: which ones, and whether the clock runs on meanwhile."""

    bodies: tuple[Choice, ...]
    clock: Literal["keep", "pause"] = "keep"


class Whistle(Provision, frozen=True):
    """The grid calls, departments report in (网格吹哨、部门报到): by when, and how often a call may be turned down."""

    within: Span
    rejections: int = 1


class Rung(Provision, frozen=True):
    """A rung of the ladder: what is done when `share` of the time is used up (1 is the deadline); `escalate` tells those
    above whoever has the case."""

    share: float
    action: Literal["remind", "warn", "escalate"]


class Rating(Provision, frozen=True):
    """What residents are asked when it is over: stars from 1 to 5; up to `bad` stars with a text opens a case of `opens`."""

    bad: int = 2
    opens: str = ""


class Contact(Provision, frozen=True):
    """The first word to whoever reported it (先行联系) and by when."""

    within: Span


class Retention(Provision, frozen=True):
    """How long personal data is kept: so many years after the end of a case, then what `erase` names goes (who reported it,
    its photos and files, the words of people); the facts that figures are counted from stay."""

    years: int
    erase: tuple[Erased, ...] = ("reporter", "files", "words")


class Sending(Provision, frozen=True):
    """Who goes: `skills` that are needed; `within_minutes`: a unit is sent at once and has to be there by then (0: only
    where the colour says so); `automatic`: given to whoever is on duty there and fits best, without anybody choosing."""

    skills: tuple[str, ...] = ()
    within_minutes: float = 0.0
    automatic: bool = False


LADDER: tuple[Rung, ...] = (Rung(0.8, "remind"), Rung(1.0, "warn"))


def reason_named(choices: tuple[Choice, ...], code: str) -> Choice | None:
    """The choice of this code, if there is one."""
    return next((choice for choice in choices if choice.code == code), None)


def doubled(choices: tuple[Choice, ...]) -> list[str]:
    """Codes that a list has twice."""
    codes = [choice.code for choice in choices]
    return sorted({code for code in codes if codes.count(code) > 1})
