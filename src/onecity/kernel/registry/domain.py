"""The manifest of a domain: everything the platform has to know about it, and nothing else."""

import re
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.rules.types import RuleDecl
from onecity.kernel.telemetry.types import EntityType

Title = str | Promise
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
PERMISSION = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Permission:
    """A right that a role can hold in a division, named `<noun>.<verb>`."""

    name: str
    title: Title

    def __post_init__(self) -> None:
        if not PERMISSION.fullmatch(self.name):
            raise ValueError(f"the permission {self.name!r} must look like noun.verb in lower case")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of it: its path, the door whose menu shows it, and the permission that opens it ("": everyone)."""

    path: str
    title: Title
    door: Literal["residents", "desk", "ops"]
    permission: str = ""
    icon: str = ""
    order: int = 100

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"the page path {self.path!r} must begin with a slash")


@dataclass(frozen=True, slots=True)
class Layer:
    """A map layer of the entities of one type, coloured by one attribute; `stops` are (value from, colour, label)."""

    name: str
    title: Title
    entity_type: str
    colour_by: str = ""
    stops: tuple[tuple[float, str, Title], ...] = ()
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure of the operations screen: one function over the current values of one attribute in a division.

    `function` is mean, minimum, maximum, sum, count (of fresh entities) or share_above (`threshold`, in the unit of the
    attribute). `higher_is` says whether a rise is good, bad or neither; `target` is drawn as a line when given.
    """

    name: str
    title: Title
    entity_type: str
    attribute: str
    function: Literal["mean", "minimum", "maximum", "sum", "count", "share_above"] = "mean"
    threshold: float | None = None
    higher_is: Literal["good", "bad", "neutral"] = "bad"
    target: float | None = None
    decimals: int = 1

    def __post_init__(self) -> None:
        if (self.function == "share_above") != (self.threshold is not None):
            raise ValueError(f"the indicator {self.name!r}: a share, and only a share, needs a threshold")


@dataclass(frozen=True, slots=True)
class Domain:
    """One system of the plan as the platform sees it; `plan_task` is its number there, `lead` the office in charge."""

    name: str
    title: Title
    plan_task: int
    lead: str
    entity_types: tuple[EntityType, ...] = ()
    rules: tuple[RuleDecl, ...] = ()
    case_types: tuple[CaseTypeDecl, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    layers: tuple[Layer, ...] = ()
    pages: tuple[Page, ...] = ()
    permissions: tuple[Permission, ...] = ()
    package: str = ""
    description: Title = ""

    def __post_init__(self) -> None:
        if not IDENTIFIER.fullmatch(self.name):
            raise ValueError(f"the domain name {self.name!r} must be a lower-case identifier")
