"""Case types as a domain declares them in its manifest: what the kind of case is called, who handles it, how fast."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from django.utils import translation
from django.utils.translation import gettext as _

from onecity.kernel.cases.logic.definition import (
    Definition,
    Limit,
    Provides,
    Route,
    Severity,
    State,
    Transition,
    parse,
)
from onecity.kernel.cases.logic.provisions import Unit

LANGUAGES: Mapping[str, str] = {"zh": "zh-hans", "en": "en"}
_DATA = json.loads((Path(__file__).parent / "data" / "life_cycle.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class LifeCycle:
    """States and steps that case types share; `changed` gives a variant with single steps or states replaced."""

    initial: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    def changed(self, *, states: Iterable[State] = (), transitions: Iterable[Transition] = ()) -> "LifeCycle":
        """The same with these states and steps put in the place of those of the same name, or added."""
        new_states = {s.name: s for s in self.states} | {s.name: s for s in states}
        new_steps = {t.name: t for t in self.transitions} | {t.name: t for t in transitions}
        return replace(self, states=tuple(new_states.values()), transitions=tuple(new_steps.values()))


DEFAULT_LIFE_CYCLE = LifeCycle(
    initial=_DATA["initial"],
    states=msgspec.convert(_DATA["states"], tuple[State, ...]),
    transitions=msgspec.convert(_DATA["transitions"], tuple[Transition, ...]),
)


NOTHING_MORE = Provides()


@dataclass(frozen=True)
class CaseTypeDecl:
    """One kind of case.

    `title`, `description`: texts, usually lazy translations. `handled_by`: level of division → role that handles there,
    tried in order; `organisation`: code of the one body that handles all of them, before any level. `deadline`: amount
    and unit for the whole case; `limits` adds those of single stages or severities. `manual`: people may open one by hand; `residents`: residents
    may report it themselves.
    """

    name: str
    title: object
    category: str = ""
    description: object = ""
    handled_by: Mapping[str, str] | tuple[tuple[str, str], ...] = (
        ("town", "case_handler"),
        ("district", "case_handler"),
    )
    organisation: str = ""
    deadline: tuple[float, Unit] | None = (5, "working_days")
    limits: tuple[Limit, ...] = ()
    severity: Severity = ""
    manual: bool = True
    residents: bool = False
    life_cycle: LifeCycle = DEFAULT_LIFE_CYCLE
    provides: Provides = NOTHING_MORE

    def definition(self) -> Definition:
        """The declaration as a checked definition with its texts in every language; raises DefinitionError."""
        limits = (*((Limit(*self.deadline),) if self.deadline else ()), *self.limits)
        routes = [Route(organisation=self.organisation)] if self.organisation else []
        routes += [Route(level=level, role=role) for level, role in dict(self.handled_by).items()]
        built = Definition(
            title=in_every_language(self.title),
            description=in_every_language(self.description),
            category=self.category,
            initial=self.life_cycle.initial,
            states=self.life_cycle.states,
            transitions=self.life_cycle.transitions,
            limits=limits,
            routes=tuple(routes),
            severity=self.severity,
            manual=self.manual,
            residents=self.residents,
            **msgspec.structs.asdict(self.provides),
        )
        return parse(msgspec.to_builtins(built))


def in_every_language(text: object) -> dict[str, str]:
    """The text rendered in each language of the platform: {"zh": …, "en": …}."""
    rendered: dict[str, str] = {}
    for key, language in LANGUAGES.items():
        with translation.override(language):
            rendered[key] = str(text)
    return rendered


def in_language(title: Mapping[str, str], language: str = "") -> str:
    """The text in the language that is active (or given), else in the other one; keys are `zh` or longer, `zh-hans`."""
    wanted = (language or translation.get_language() or "zh").split("-", maxsplit=1)[0]
    found = (text for key, text in title.items() if text and key.split("-", maxsplit=1)[0] == wanted)
    return next(found, "") or next((t for t in title.values() if t), "")


def in_a_row(names: Iterable[str]) -> str:
    """Names one after another, as the reader's language parts them."""
    return _(", ").join(names)
