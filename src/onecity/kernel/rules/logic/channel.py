"""All rules about one attribute of one entity type: features computed once, levels grouped, a failing rule set apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from onecity.kernel.rules.logic import journal, windows
from onecity.kernel.rules.logic.absence import Silence
from onecity.kernel.rules.logic.arrays import NEVER, Bools, Int32s, Int64s, Readings, Records
from onecity.kernel.rules.logic.baselines import Table
from onecity.kernel.rules.logic.changes import Changes
from onecity.kernel.rules.logic.conditions import Absence, Condition, Window
from onecity.kernel.rules.logic.features import MICROSECOND, Context, Feature, feature_of
from onecity.kernel.rules.logic.journal import Memory
from onecity.kernel.rules.logic.ladder import Ladder, Watch, sign_of
from onecity.kernel.rules.logic.scope import Scope

Rule = tuple[int, Condition, Scope]


@dataclass(frozen=True, slots=True)
class Result:
    """What the rules of one channel did with a batch, what to remember of it, and which failed and why."""

    changes: Changes
    memory: Memory
    failed: Mapping[int, str]


@dataclass
class Group:
    """Rules with the same feature, side and series: one ladder."""

    rules: Sequence[Rule]
    feature: Feature
    scope: Scope
    watch: Watch

    @staticmethod
    def of(rules: Sequence[Rule]) -> "Group":
        """Build from rules that belong together."""
        _rule, condition, scope = rules[0]
        ladder = Ladder.build([(rule, asked) for rule, asked, _scope in rules], sign_of(condition.direction))
        return Group(rules, feature_of(condition), scope, Watch(ladder))

    def evaluate(self, context: Context) -> tuple[Changes, Records]:
        """Return the alerts that changed and the STATE records to remember."""
        mine, rows = self.scope.select(context.readings)
        outcome = self.watch.evaluate(mine, context.values(self.feature)[rows])
        return outcome.changes, journal.record(self.watch.ladder, outcome)

    def apart(self) -> "list[Group]":
        """Return one group for each rule, each with what it remembers."""
        remembered = journal.everything(self.watch.ladder, self.watch.open)
        groups = [Group.of([rule]) for rule in self.rules]
        for group in groups:
            group.watch.open = journal.runs_on(group.watch.ladder, remembered)
        return groups


class Channel:
    """The rules of one channel and what they remember."""

    def __init__(self, rules: Sequence[Rule], zone: ZoneInfo, tables: Mapping[timedelta, Table]) -> None:
        self._zone, self._tables = zone, tables
        self._scope = _union(scope for _rule, _condition, scope in rules)
        asking = [rule for rule in rules if not isinstance(rule[1], Absence)]
        self.groups = [Group.of(mine) for mine in _together(asking)]
        silent = _together([rule for rule in rules if isinstance(rule[1], Absence)])
        self._silences = [
            (mine[0][2], Silence(Ladder.build([(r, c) for r, c, _s in mine], 1.0), mine[0][2].series))
            for mine in silent
        ]
        windowed = [(c.span // MICROSECOND, scope) for _rule, c, scope in rules if isinstance(c, Window)]
        self._windowed = _union(scope for _span, scope in windowed)
        self._tails = windows.Tails(max((span for span, _scope in windowed), default=0))

    def process(self, readings: Readings) -> Result:
        """Evaluate the rules over those of the readings that belong to this channel."""
        mine, _rows = self._scope.select(readings)
        if not len(mine):
            return Result(Changes.none(), Memory.of(), {})
        context = Context(mine, self._zone, self._tables)
        tails = self._take_up(context)
        changes, runs, failed = [self._settle(mine)], [Memory.of(tails=tails)], {}
        for group, found, fault in list(self._attempts(context)):
            if found is None:
                self.groups.remove(group)
                failed[group.rules[0][0]] = fault
            else:
                changes.append(found[0])
                runs.append(Memory.of(runs=found[1]))
        return Result(Changes.concatenate(changes), Memory.concatenate(runs), failed)

    def sweep(self, now: int, last_at: Int64s, live: Bools) -> Changes:
        """Return the alerts for silence due at `now`; `last_at` and `live` by series id (see `Silence.sweep`)."""
        changes = []
        for _scope, silence in self._silences:
            known = silence.series < len(last_at)
            series = silence.series[known]
            at, comes = np.full(len(known), NEVER, np.int64), np.zeros(len(known), np.bool_)
            at[known], comes[known] = last_at[series], live[series]
            changes.append(silence.sweep(now, at, comes))
        return Changes.concatenate(changes)

    def announce(self, rule: int, series: Int32s, rank: int) -> None:
        """Take up open alerts for silence (see `Engine.announce`)."""
        for _scope, silence in self._silences:
            silence.announce(rule, series, rank)

    def restore(self, standing: Records, tails: Records) -> None:
        """Take up what was remembered: STATE records that stand, READING records in the order of their batches."""
        for group in self.groups:
            group.watch.open = journal.runs_on(group.watch.ladder, standing)
        if self._tails.horizon:
            self._tails.restore(tails[self._windowed.contains(tails["series"])])

    def memory(self) -> Memory:
        """Return everything there is to remember."""
        runs = [Memory.of(runs=journal.everything(group.watch.ladder, group.watch.open)) for group in self.groups]
        return Memory.concatenate([*runs, Memory.of(tails=self._tails.records())])

    def _take_up(self, context: Context) -> Records | None:
        """Join the windows' tails with the new rows; returns the rows to remember."""
        if not self._tails.horizon:
            return None
        mine, context.stretched = self._windowed.select(context.readings)
        if not len(mine):
            return None
        context.stretch = self._tails.join(mine)
        tails = np.empty(len(mine), windows.READING)
        tails["series"], tails["at"], tails["value"] = np.repeat(mine.series, mine.counts), mine.at, mine.value
        return tails

    def _settle(self, readings: Readings) -> Changes:
        changes = []
        for scope, silence in self._silences:
            mine, _rows = scope.select(readings)
            changes.append(silence.settle(mine))
        return Changes.concatenate(changes)

    def _attempts(self, context: Context) -> Iterator[tuple[Group, tuple[Changes, Records] | None, str]]:
        """Evaluate group by group; one that fails is taken apart, so that only the rule at fault stops."""
        waiting = list(self.groups)
        while waiting:
            group = waiting.pop(0)
            try:
                yield group, group.evaluate(context), ""
            except Exception as error:  # whatever it is, it must stop this rule and no other
                if len(group.rules) > 1:
                    parts = group.apart()
                    self.groups[self.groups.index(group)] = parts[0]
                    self.groups.extend(parts[1:])
                    waiting = parts + waiting
                else:
                    yield group, None, f"{type(error).__name__}: {error}"


def _together(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Return the rules grouped by feature, side and series."""
    groups: dict[tuple[Feature, float, int], list[Rule]] = {}
    for rule in rules:
        _number, condition, scope = rule
        groups.setdefault((feature_of(condition), sign_of(condition.direction), id(scope)), []).append(rule)
    return list(groups.values())


def _union(scopes: Iterable[Scope]) -> Scope:
    """Return the scope of everything that any of these watches; the very scope itself where all are one."""
    distinct = {id(scope): scope for scope in scopes}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    if not distinct:
        return Scope(np.empty(0, np.int32))
    return Scope(np.unique(np.concatenate([scope.series for scope in distinct.values()])))
