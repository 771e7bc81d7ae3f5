"""Fills the space of a snapshot: what its queries find at one moment, as its maker sees it (5.16.1.4, 5.16.2.4)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
import psycopg

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.instances import new_instance_id
from onecity.kernel.twin.ngsild.model.shape import SCOPE as SCOPE_IRI
from onecity.kernel.twin.ngsild.model.stored import Instance, StoredEntity
from onecity.kernel.twin.ngsild.snapshots import copying, limits
from onecity.kernel.twin.ngsild.snapshots.asking import Wanted
from onecity.kernel.twin.ngsild.snapshots.gathering import Gathered
from onecity.kernel.twin.ngsild.snapshots.records import FINISHED, Record, text
from onecity.kernel.twin.ngsild.store import rows, times
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.principal import EVERYWHERE, SET, Principal
from onecity.kernel.twin.ngsild.store.rows import Row
from onecity.kernel.twin.ngsild.store.search import Search
from onecity.kernel.twin.ngsild.store.series import SeriesNames
from onecity.kernel.twin.ngsild.store.statements import KEPT_HERE
from onecity.kernel.twin.ngsild.temporal import readings, searching
from onecity.kernel.twin.ngsild.temporal.asking import Asked
from onecity.kernel.twin.ngsild.temporal.collecting import selected, series_of
from onecity.kernel.twin.ngsild.temporal.evolution import SCOPE, Evolution
from onecity.kernel.twin.ngsild.temporal.presenting import texts
from onecity.kernel.twin.ngsild.temporal.span import ALWAYS

CHUNK: Final = 500
Detail = dict[str, Any]
encode = msgspec.json.Encoder().encode


class Filling:
    """Fills one space inside one transaction, which sees one moment.

    It reads what the principal sees; where he may write does not matter, since nobody but him writes there.
    """

    def __init__(self, connection: Connection, principal: Principal, record: Record, now: str) -> None:
        self._connection = connection
        self._principal = replace(principal, written=EVERYWHERE)
        self._record = record
        self._now = now

    async def run(
        self, queries: Sequence[tuple[Wanted, Gathered | None]], temporal: Sequence[Wanted], root: str
    ) -> str:
        """Carry out all queries; returns the status, which is written with what came of each.

        What sources have was gathered before; it belongs to the district, whose path is `root`.
        """
        await self._begin()
        found = [
            await self._detail(self._copy_entities, one) if got is None else await self._gathered(one, got, root)
            for one, got in queries
        ]
        further = [await self._detail(self._copy_histories, one) for one in temporal]
        await self._connection.execute(copying.CENSUS, (self._record.space,))
        outcome = status(found + further)
        await self.finish(outcome, found or None, further or None)
        return outcome

    async def clone(self, source: str) -> None:
        """Copy another space as the principal sees it."""
        await self._begin()
        for statement in copying.CLONE:
            await self._connection.execute(statement, {"space": self._record.space, "source": source})
        await self._connection.execute(copying.CENSUS, (self._record.space,))
        await self.finish("success", None, None)

    async def finish(self, outcome: str, details: list[Detail] | None, temporal: list[Detail] | None) -> None:
        """Write what came of it."""
        own = (None if one is None else text(one) for one in (details, temporal))
        await self._connection.execute(FINISHED, (outcome, *own, self._record.id))

    async def _begin(self) -> None:
        await self._connection.execute(SET, self._principal.settings())
        await self._connection.execute(KEPT_HERE)

    async def _detail(self, copy: Callable[[Wanted], Awaitable[int]], wanted: Wanted) -> Detail:
        """What came of one query; where it fails, nothing of it is kept (5.2.42)."""
        try:
            async with self._connection.transaction():
                number = await copy(wanted)
        except Problem as problem:
            return {"resultStatus": "failure", "problemDetails": problem.to_dict()}
        except psycopg.errors.QueryCanceled:
            details = problems.problem("TooComplexQuery", _("The query took too long.")).to_dict()
            return {"resultStatus": "failure", "problemDetails": details}
        return {"resultStatus": "success" if number else "empty"}

    async def _gathered(self, wanted: Wanted, got: Gathered, root: str) -> Detail:
        if got.problem is not None:
            return {"resultStatus": "failure", "problemDetails": got.problem.to_dict()}
        for start in range(0, len(got.entities), CHUNK):
            await self._keep([wanted.of(one) for one in got.entities[start : start + CHUNK]], (root, False))
        detail: Detail = {"resultStatus": "success" if got.entities else "empty"}
        if got.warnings:
            told = problems.problem("InternalError", "; ".join(got.warnings), status=502).to_dict()
            detail["problemDetails"] = told
        return detail

    async def ask(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of one statement; readings come in binary form."""
        binary = "twin_readings(" in statement or "twin_gathered(" in statement
        async with self._connection.cursor(binary=binary) as cursor:
            await cursor.execute(statement, parameters)
            return await cursor.fetchall()

    async def _copy_entities(self, wanted: Wanted) -> int:
        series = await SeriesNames().current(self._connection)
        search = Search(self.ask, self._record.tenant, wanted.selections, series)
        last, number = "", 0
        while True:
            found = await search.following(last, CHUNK)
            if not found:
                return number
            number += len(found)
            if number > limits.ENTITIES:
                raise _too_many(limits.ENTITIES)
            await self._keep([wanted.of(one) for one in found])
            last = found[-1].urn

    async def _keep(self, entities: Sequence[StoredEntity], elsewhere: tuple[str, bool] | None = None) -> None:
        """Keep entities where they belong; `elsewhere`: where those belong that are not here, else they are left out."""
        places = await self._places([one.urn for one in entities])
        space = self._record.space
        records = []
        for one in entities:
            place = places.get(one.urn, elsewhere)
            if place is not None:
                row = Row(one.urn, str(new_id()), division=place[0], public=place[1])
                records.append(rows.whole(row, one, space))
        await self._connection.execute(copying.KEEP, (encode(records).decode(),))

    async def _places(self, urns: Sequence[str]) -> Mapping[str, tuple[str, bool]]:
        found = await self.ask(copying.PLACES, [self._record.tenant, list(urns)] * 2)
        return {urn: (division, public) for urn, division, public in found}

    async def _copy_histories(self, wanted: Wanted) -> int:
        asked = wanted.asked
        if asked is None:
            return 0
        page = await searching.find(
            self.ask, self._record.tenant, wanted.selections, asked, limits.HISTORIES, 0, count=False
        )
        if page.more:
            raise _too_many(limits.HISTORIES)
        measured = await self._measured(page.evolutions, asked)
        places = await self._places([one.urn for one in page.evolutions])
        for one in page.evolutions:
            if one.urn in places:
                instances = [*_instances(one, asked), *measured.get(one.urn, ())]
                await self._keep_history(one, places[one.urn], instances)
        return len(page.evolutions)

    async def _measured(self, found: Iterable[Evolution], asked: Asked) -> dict[str, list[tuple[str, Instance]]]:
        """The readings of the time, by entity."""
        owners = {number: (one, name) for one in found for number, name in series_of(one, asked).items()}
        if not owners:
            return {}
        rows_ = await readings.page(self.ask, list(owners), asked.span, limits.INSTANCES)
        if len(rows_) > limits.INSTANCES:
            raise _too_many(limits.INSTANCES)
        measured: dict[str, list[tuple[str, Instance]]] = {}
        columns = (rows_.series.tolist(), rows_.at.tolist(), rows_.value.tolist(), texts(rows_.at))
        for number, micros, value, at in zip(*columns, strict=True):
            one, name = owners[number]
            if micros <= one.erased.get(name, ALWAYS[0]):
                continue
            unit = one.series[name].unit
            instance: Instance = {"type": "Property", "value": value, "observedAt": at, "createdAt": at}
            instance |= {"modifiedAt": at, "instanceId": new_instance_id()} | ({"unitCode": unit} if unit else {})
            measured.setdefault(one.urn, []).append((name, instance))
        return measured

    async def _keep_history(
        self, one: Evolution, place: tuple[str, bool], instances: Sequence[tuple[str, Instance]]
    ) -> None:
        space = self._record.space
        made = (one.created_at or self._now, one.modified_at or self._now, one.deleted_at)
        await self._connection.execute(copying.HISTORY, (space, one.urn, list(one.types), *made, *place))
        records = [_record(name, instance, self._now) for name, instance in instances]
        if records:
            await self._connection.execute(copying.INSTANCES, (space, one.urn, *place, encode(records).decode()))


def status(details: Sequence[Detail]) -> str:
    """The status of a snapshot after its queries (5.16.1.4)."""
    outcomes = {one["resultStatus"] for one in details}
    if outcomes == {"success"}:
        return "success"
    if "success" in outcomes:
        return "partial"
    return "empty" if "empty" in outcomes else "failure"


def _instances(one: Evolution, asked: Asked) -> Iterable[tuple[str, Instance]]:
    for name, instances in selected(one, asked).items():
        for timed in instances:
            yield (SCOPE if name == SCOPE_IRI else name), timed.instance


def _record(name: str, instance: Instance, now: str) -> dict[str, Any]:
    created = instance.get("createdAt", now)
    return {
        "attribute": name,
        "instance_id": instance.get("instanceId") or new_instance_id(),
        "dataset_id": instance.get("datasetId", ""),
        "observed_at": instance.get("observedAt"),
        "created_at": created,
        "modified_at": instance.get("modifiedAt", created),
        "instance": {key: value for key, value in instance.items() if key != "instanceId"},
    }


def _too_many(most: int) -> problems.NgsiProblem:
    return problems.problem("TooManyResults", _("A snapshot holds at most {most} of these.", most=most))


def moment_of(now_us: int) -> str:
    """A moment as it is kept."""
    return times.text_of(now_us)
