"""The tables of the rules: rules and their versions, alerts, and what the engine remembers."""

from onecity.kernel.rules.models.alert import Alert, AlertState
from onecity.kernel.rules.models.memory import Baselines, MemoryRecord
from onecity.kernel.rules.models.rule import Origin, Rule, RuleVersion, VersionState

__all__ = ["Alert", "AlertState", "Baselines", "MemoryRecord", "Origin", "Rule", "RuleVersion", "VersionState"]
