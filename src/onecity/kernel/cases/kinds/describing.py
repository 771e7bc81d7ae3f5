"""A definition in words for a page: its limits, routes, steps and provisions in the reader's language, and differences."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import permissions
from onecity.kernel.cases import choices
from onecity.kernel.cases.kinds import editing
from onecity.kernel.cases.kinds.logic.drawing import Drawing, draw
from onecity.kernel.cases.logic import bundle
from onecity.kernel.cases.logic.definition import Definition, Limit, Route, Transition
from onecity.kernel.cases.logic.provisions import Span
from onecity.kernel.cases.types import in_a_row, in_language
from onecity.kernel.people.models import Organisation, Role

SPANS: Final = {
    "working_hours": (_("%(n)s working hour"), _("%(n)s working hours")),
    "working_days": (_("%(n)s working day"), _("%(n)s working days")),
    "calendar_days": (_("%(n)s calendar day"), _("%(n)s calendar days")),
}
LEVELS: Final[Mapping[str, object]] = {
    "district": _("the office of the district"),
    "town": _("the office of the town"),
    "village": _("the office of the village"),
}
NEEDS: Final[Mapping[str, object]] = {
    "note": _("a note"),
    "evidence": _("a photo"),
    "assignee": _("somebody who handles it"),
    "parts_ended": _("all parts ended"),
    "joint_done": _("all bodies asked done"),
    "contacted": _("the resident spoken to"),
}
MEMBERS: Final[Mapping[str, object]] = {
    "title": _("Title"), "description": _("Description"), "states": _("States"), "transitions": _("Steps"),
    "initial": _("Initial state"), "category": _("Class"), "limits": _("Limits"), "routes": _("Who is asked"),
    "severity": _("Severity"), "manual": _("Opened by hand"), "residents": _("Reported by residents"),
    "opens_when": _("Opened when"), "settled_when": _("Settled when"), "results": _("Results"),
    "contact": _("First word to the resident"), "extension": _("More time"), "suspension": _("Suspension"),
    "supervision": _("Supervision"), "forwarding": _("Outside bodies"), "whistle": _("Calls to departments"),
    "parts": _("Parts"), "joint": _("Joint handling"), "ladder": _("Reminders"), "rating": _("Rating"),
    "reopens_days": _("Reopened within"), "form": _("Form"), "publication": _("Publication"), "sending": _("Sending"),
    "level": _("Who may know"), "rounded_m": _("Published place"), "retention": _("Personal data"),
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """A step as a line of a table."""

    name: str
    title: str
    sources: Sequence[str]
    target: str
    permission: object
    needs: Sequence[object]
    reasons: Sequence[str]


@dataclass(frozen=True)
class Difference:
    """One member that differs: its place in words, and both values as text (empty: not there)."""

    place: str
    before: str
    after: str


def span(amount: float, unit: str) -> str:
    """An amount of time in words."""
    one, many = SPANS[unit]
    return str(one if amount == 1 else many) % {"n": f"{amount:g}"}


def limits(definition: Definition) -> list[tuple[str, str, str]]:
    """What each limit is for, how long it is, and for which severities alone."""
    return [(_stage(definition, one), span(one.amount, one.unit), _severities(one)) for one in definition.limits]


def shortest(definition: Definition) -> str:
    """The limit of the whole case in words, else of its first stage; empty where nothing has to be done in time."""
    found = sorted(definition.limits, key=lambda one: (bool(one.stage), bool(one.severities)))
    return span(found[0].amount, found[0].unit) if found else ""


def _stage(definition: Definition, limit: Limit) -> str:
    if not limit.stage:
        return str(_("The whole case"))
    names = [in_language(state.title) for state in definition.states if state.stage == limit.stage]
    return " · ".join(names)


def _severities(limit: Limit) -> str:
    return " · ".join(str(choices.SEVERITIES[one]) for one in limit.severities)


def routes(definition: Definition) -> list[str]:
    """Who is asked, in the order tried."""
    codes = {route.organisation for route in definition.routes if route.organisation}
    bodies = dict(Organisation.objects.filter(code__in=codes).values_list("code", "name"))
    roles = dict(Role.objects.filter(name__in=[r.role for r in definition.routes]).values_list("name", "title"))
    return [_route(route, bodies, roles) for route in definition.routes]


def _route(route: Route, bodies: Mapping[str, str], roles: Mapping[str, str]) -> str:
    body = route.organisation and bodies.get(route.organisation, route.organisation)
    words = [str(body or LEVELS.get(route.level, route.level))]
    words += [str(roles.get(route.role, route.role))] if route.role else []
    return " · ".join(words + [str(choices.SEVERITIES[one]) for one in route.severities])


def steps(definition: Definition) -> list[Step]:
    """Every step with what it needs."""
    states = {state.name: in_language(state.title) for state in definition.states}
    return [
        Step(
            step.name,
            in_language(step.title),
            [states[name] for name in step.sources],
            states[step.target],
            _permission(step.permission),
            _needs(step),
            [in_language(reason.title) for reason in step.reasons],
        )
        for step in definition.transitions
    ]


def _permission(name: str) -> object:
    found = permissions.declared().get(name)
    return found.title if found else name


def _needs(step: Transition) -> list[object]:
    found = [NEEDS[name] for name in (*step.requires, *step.guards)]
    found += [_("a ground")] if step.reasons else []
    found += [_("a result")] if step.results else []
    if step.evidence is not None and "evidence" not in step.requires:
        found.append(NEEDS["evidence"])
    return [*found, _("a form")] if step.form else found


def provisions(definition: Definition) -> list[tuple[object, str]]:
    """What the kind provides for beside its states, in words."""
    d = definition
    found: list[tuple[object, str]] = [
        (MEMBERS["opens_when"], in_language(d.opens_when)),
        (MEMBERS["settled_when"], in_language(d.settled_when)),
        (MEMBERS["results"], _listed(in_language(one.title) for one in d.results)),
        (MEMBERS["contact"], _within(d.contact.within) if d.contact else ""),
        (MEMBERS["extension"], _extension(d)),
        (
            MEMBERS["suspension"],
            _within(d.suspension.review, _("looked at again after %(span)s")) if d.suspension else "",
        ),
        (MEMBERS["whistle"], _within(d.whistle.within) if d.whistle else ""),
        (MEMBERS["forwarding"], _listed(in_language(one.title) for one in d.forwarding.bodies) if d.forwarding else ""),
        (MEMBERS["parts"], str(_("may be split into parts")) if d.parts else ""),
        (MEMBERS["joint"], str(_("several bodies may be asked")) if d.joint else ""),
        (MEMBERS["rating"], str(_("up to %(n)s stars are bad")) % {"n": d.rating.bad} if d.rating else ""),
        (MEMBERS["reopens_days"], span(d.reopens_days, "calendar_days") if d.reopens_days else ""),
        (MEMBERS["level"], "" if d.level == "public" else str(dict(editing.LEVELS)[d.level])),
        (MEMBERS["publication"], str(dict(editing.PUBLICATIONS)[d.publication if d.published else "nothing"])),
        (MEMBERS["rounded_m"], str(_("to %(n)s metres")) % {"n": d.rounded_m} if d.rounded_m else ""),
        (MEMBERS["retention"], _retention(d)),
        (MEMBERS["ladder"], _listed(f"{rung.share:.0%}" for rung in d.ladder)),
    ]
    return [(name, words) for name, words in found if words]


def _retention(definition: Definition) -> str:
    rule = definition.retention
    if rule is None:
        return ""
    names = dict(editing.ERASED)
    return str(_("%(n)s years after the end these are erased: %(what)s")) % {
        "n": rule.years,
        "what": in_a_row(str(names[one]) for one in rule.erase),
    }


def _extension(definition: Definition) -> str:
    rule = definition.extension
    if rule is None:
        return ""
    longest = span(rule.most.amount, rule.most.unit)
    return str(_("at most %(span)s, %(n)s times")) % {"span": longest, "n": rule.times}


def _within(time: Span, words: object = _("within %(span)s")) -> str:
    return str(words) % {"span": span(time.amount, time.unit)}


def _listed(words: Iterable[str]) -> str:
    return " · ".join(words)


def drawing(definition: Definition) -> Drawing:
    """The drawing of its states, labelled in the reader's language."""
    titles = {f"state.{one.name}": in_language(one.title) or one.name for one in definition.states}
    titles |= {f"step.{one.name}": in_language(one.title) or one.name for one in definition.transitions}
    return draw(definition, titles)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Where two stored definitions differ, in words where there are some."""
    return [worded(*one) for one in bundle.differences(old, new)]


def worded(path: str, before: object, after: object) -> Difference:
    """One difference in words where there are some."""
    return Difference(_place(path), _text(before), _text(after))


def _place(path: str) -> str:
    head, _dot, rest = path.partition(".")
    name = str(MEMBERS.get(head, head))
    return f"{name} › {rest.replace('.', ' › ')}" if rest else name


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
