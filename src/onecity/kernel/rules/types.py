"""How a domain's manifest declares an alert rule; staff may change it later in the desk as versioned data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from onecity.kernel.rules.logic.conditions import (
    Absence,
    Baseline,
    Condition,
    Direction,
    Kind,
    Level,
    Rate,
    Severity,
    Threshold,
    Window,
    WindowFunction,
)

__all__ = [
    "Absence",
    "Baseline",
    "Condition",
    "Direction",
    "Kind",
    "Level",
    "Rate",
    "RuleDecl",
    "Severity",
    "Threshold",
    "Window",
    "WindowFunction",
]

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class RuleDecl:
    """One alert rule over one attribute of one entity type.

    `name` is `<domain>.<rule>` and never changes; `entity_type` and `attribute` are names of a registered
    `EntityType`; `condition` carries kind, levels and severities; `case_type` names the case an alert opens, if any,
    once its severity is at least `case_from`. Values of levels are in the attribute's unit (an absence: seconds; a
    rate: unit per `per`; a baseline: standard deviations). Only entities whose properties contain `properties` are
    watched.
    """

    name: str
    title: object
    entity_type: str
    attribute: str
    condition: Condition
    case_type: str | None = None
    case_from: Severity = Severity.BLUE
    description: object = ""
    properties: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"the rule name {self.name!r} must look like domain.rule in lower case")

    @property
    def kind(self) -> Kind:
        """Return which of the five kinds the condition is."""
        return self.condition.kind

    @property
    def severity(self) -> Severity:
        """Return the gravest severity this rule can reach."""
        return self.condition.levels[-1].severity
