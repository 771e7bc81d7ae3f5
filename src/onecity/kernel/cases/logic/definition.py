"""What one version of a case type declares, as typed values read from its stored JSON; nothing here is the code's.

States, transitions, limits and routes are local data with effective dates: two cities give the same event 4 working
hours and 1 working day, and every added transition of a peer's history was a change of configuration, not of code.
"""

from typing import Any, Literal

import msgspec

from onecity.kernel.cases.logic.provisions import (
    LADDER,
    Choice,
    Contact,
    Evidence,
    Extension,
    Form,
    Forwarding,
    Provision,
    Rating,
    Retention,
    Rung,
    Sending,
    Suspension,
    Title,
    Unit,
    Whistle,
    doubled,
)

Clock = Literal["keep", "stage", "restart", "stop"]
Requirement = Literal["note", "evidence", "assignee"]
Publication = Literal["nothing", "facts", "words"]
# who may know that there is such a case: everybody as far as it is published, staff, or only who holds a right of its own
Level = Literal["public", "internal", "confidential"]
Severity = Literal["", "blue", "yellow", "orange", "red"]
SEVERITIES: tuple[Severity, ...] = ("", "blue", "yellow", "orange", "red")
# what must be so before a step: nobody below still works on a part of it, everybody asked has done his, the first word
# was said
Guard = Literal["parts_ended", "joint_done", "contacted"]
# what a step means wherever it is called otherwise, so that figures of different types and cities can be compared
Meaning = Literal[
    "", "accept", "register", "dispatch", "start", "feedback", "review", "verify", "close", "callback", "redo", "return",
    "cancel", "reopen",
]  # fmt: skip


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A place a case can be in. `stage` groups states that share one clock; a final state ends the case."""

    name: str
    title: Title
    stage: str = ""
    final: bool = False


class Transition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A step: from which states to which (`target`), who may take it, and what it asks for.

    `clock`: `stage` starts the target stage's limit when the stage changes, `restart` begins all limits anew (a reopened
    case), `keep` leaves every due time, `stop` ends the clock. `reasons`: the grounds of which one has to be given.
    `form`: what is asked with the step. `most`: how often it may be taken in one round (0: as often as needed).
    `results`: one of the type's results has to be given.
    """

    name: str
    title: Title
    sources: tuple[str, ...]
    target: str
    permission: str
    requires: tuple[Requirement, ...] = ()
    clock: Clock = "stage"
    releases: bool = False
    weight: Literal["primary", "plain", "danger"] = "plain"
    means: Meaning = ""
    reasons: tuple[Choice, ...] = ()
    form: Form | None = None
    evidence: Evidence | None = None
    guards: tuple[Guard, ...] = ()
    most: int = 0
    results: bool = False


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long a stage (or, with an empty stage, the whole case) may take; for some severities only, if given.

    `start`: hours usually begin at the event and days on the day after it; `next_day` and `same_day` say otherwise.
    `roll`: a limit in calendar days that ends on a day of rest moves to the next working day.
    """

    amount: float
    unit: Unit
    stage: str = ""
    severities: tuple[Severity, ...] = ()
    start: Literal["usual", "same_day", "next_day"] = "usual"
    roll: bool = False


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is asked to handle: an organisation by its code, or the organisation of the division of a level above."""

    level: str = ""
    organisation: str = ""
    role: str = ""
    severities: tuple[Severity, ...] = ()


class Provides(Provision, frozen=True, kw_only=True):
    """What a kind of case provides for beside its states; what is left out is not offered.

    `opens_when`, `settled_when`: conditions for registering and for closing it (立案条件, 结案条件), in words. `parts`: it may
    be split into parts with one clock. `joint`: several bodies may be asked, one leads. `reopens_days`: so many calendar
    days after its end a resident's word reopens it. `form`: what is asked of whoever reports it. `level`: `internal` cases are
    never published, `confidential` ones are seen by holders of a right of its own alone. `publication`: what everybody may
    read of a public one that residents may report: nothing, the facts (kind, division, state, times), or also where it is,
    and the words and photos that a person released; `rounded_m`: where it is to so many metres only (0: as it is).
    `retention`: how long personal data is kept (None: as long as the case).
    """

    opens_when: Title = {}
    settled_when: Title = {}
    results: tuple[Choice, ...] = ()
    contact: Contact | None = None
    extension: Extension | None = None
    suspension: Suspension | None = None
    supervision: Limit | None = None
    forwarding: Forwarding | None = None
    whistle: Whistle | None = None
    parts: bool = False
    joint: bool = False
    ladder: tuple[Rung, ...] = LADDER
    rating: Rating | None = None
    sending: Sending = Sending()
    reopens_days: int = 0
    form: Form | None = None
    level: Level = "public"
    publication: Publication = "facts"
    rounded_m: int = 0
    retention: Retention | None = None


class Definition(Provides, frozen=True, kw_only=True):
    """Everything that one version of a case type says."""

    title: Title
    states: tuple[State, ...]
    initial: str
    transitions: tuple[Transition, ...]
    category: str = ""
    description: Title = {}
    limits: tuple[Limit, ...] = ()
    routes: tuple[Route, ...] = ()
    severity: Severity = ""
    manual: bool = True
    # residents may choose it themselves when they report something
    residents: bool = False

    @property
    def confidential(self) -> bool:
        """Whether only holders of the right of its own may know of such a case."""
        return self.level == "confidential"

    @property
    def published(self) -> bool:
        """Whether everybody may read something of such a case."""
        return self.residents and self.level == "public" and self.publication != "nothing"

    def state(self, name: str) -> State:
        """The state of this name; raises KeyError."""
        for state in self.states:
            if state.name == name:
                return state
        raise KeyError(name)

    def transition(self, name: str) -> Transition | None:
        """The transition of this name, if declared."""
        return next((t for t in self.transitions if t.name == name), None)


class DefinitionError(ValueError):
    """A definition that cannot work; `mistakes` says what is wrong, one sentence each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


def parse(data: object) -> Definition:
    """Read and check a stored definition; raises DefinitionError that lists every mistake found."""
    try:
        definition = msgspec.convert(data, Definition)
    except msgspec.ValidationError as error:
        raise DefinitionError([str(error)]) from error
    found = mistakes(definition)
    if found:
        raise DefinitionError(found)
    return definition


def to_data(definition: Definition) -> dict[str, Any]:
    """The definition as plain JSON values."""
    data = msgspec.to_builtins(definition)
    if not isinstance(data, dict):
        raise TypeError("a definition becomes an object")
    return data


def mistakes(definition: Definition) -> list[str]:
    """What would break a case of this type: unknown or doubled names, dead ends, states nobody reaches, bad amounts."""
    names = [s.name for s in definition.states]
    found = [f"state {n!r} is declared twice" for n in sorted(set(names)) if names.count(n) > 1]
    actions = [t.name for t in definition.transitions]
    found += [f"transition {n!r} is declared twice" for n in sorted(set(actions)) if actions.count(n) > 1]
    known = set(names)
    if definition.initial not in known:
        found.append(f"the initial state {definition.initial!r} is not declared")
    for transition in definition.transitions:
        unknown = {*transition.sources, transition.target} - known
        found += [f"transition {transition.name!r} names the unknown state {n!r}" for n in sorted(unknown)]
    found += _unreached(definition) + _without_end(definition) + _bad_limits(definition)
    return found + _bad_provisions(definition)


def _unreached(definition: Definition) -> list[str]:
    reached = {definition.initial}
    while True:
        more = {t.target for t in definition.transitions if reached.intersection(t.sources)} - reached
        if not more:
            break
        reached |= more
    return [f"no way leads to the state {s.name!r}" for s in definition.states if s.name not in reached]


def _without_end(definition: Definition) -> list[str]:
    ending = {s.name for s in definition.states if s.final}
    if not ending:
        return ["no state is final: such a case could never be closed"]
    while True:
        more = {n for t in definition.transitions if t.target in ending for n in t.sources} - ending
        if not more:
            break
        ending |= more
    return [f"from the state {s.name!r} no way leads to an end" for s in definition.states if s.name not in ending]


def _bad_limits(definition: Definition) -> list[str]:
    stages = {s.stage for s in definition.states} | {""}
    found = [
        f"a limit must be longer than nothing, not {limit.amount}" for limit in definition.limits if limit.amount <= 0
    ]
    found += [f"a limit names the unknown stage {x.stage!r}" for x in definition.limits if x.stage not in stages]
    whole = [x for x in definition.limits if x.unit != "working_hours" and x.amount != int(x.amount)]
    return found + [f"{limit.amount} {limit.unit}: days are counted whole" for limit in whole]


def _bad_provisions(definition: Definition) -> list[str]:
    lists = {"results": definition.results} | {
        f"reasons of {t.name!r}": t.reasons for t in definition.transitions if t.reasons
    }
    found = [f"{name}: the code {code!r} is there twice" for name, codes in lists.items() for code in doubled(codes)]
    found += [
        f"transition {t.name!r} asks for a result, but no results are declared"
        for t in definition.transitions
        if t.results and not definition.results
    ]
    shares = [rung.share for rung in definition.ladder]
    if shares != sorted(set(shares)) or any(share <= 0 for share in shares):
        found.append("the rungs of the ladder must rise, each later than the one before")
    if definition.retention is not None and not 1 <= definition.retention.years <= 100:
        found.append(f"personal data is kept from 1 to 100 years, not {definition.retention.years}")
    if not 0 <= definition.rounded_m <= 10_000:
        found.append(f"a place is rounded to at most 10,000 metres, not {definition.rounded_m}")
    rating = definition.rating
    if rating is not None and not 1 <= rating.bad <= 4:
        found.append(f"ratings up to {rating.bad} stars cannot all be bad ones")
    return found
