"""How the network covers the villages: nodes by kind, gaps against the target, the rate now and a year ago, and what it costs."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from onecity.domains.devices import registering
from onecity.domains.devices.models import CoverageTarget, DeviceRecord, Maintenance
from onecity.domains.devices.models.coverage import today
from onecity.domains.devices.permissions import VIEW
from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.clock import now
from onecity.kernel.places import service as places
from onecity.kernel.places.models import Division
from onecity.kernel.twin.models import Entity

VILLAGE = "village"
YEAR = dt.timedelta(days=365)
DEFAULT_TARGET = 1
NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Village:
    """A village with its nodes by kind ("": no kind stated), those of a year ago, and how many it should have."""

    division: Division
    nodes: Mapping[str, int]
    earlier: Mapping[str, int]
    target: int

    @property
    def total(self) -> int:
        """Nodes of all kinds."""
        return sum(self.nodes.values())

    @property
    def before(self) -> int:
        """Nodes of all kinds a year ago."""
        return sum(self.earlier.values())

    @property
    def missing(self) -> int:
        """Nodes that it lacks."""
        return max(0, self.target - self.total)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Villages in the order of their codes; shares are of villages that have what they should have, 0 to 1 (None: no village)."""

    villages: tuple[Village, ...]

    @property
    def rate(self) -> float | None:
        """The share that is covered now."""
        return _share(village.missing == 0 for village in self.villages)

    @property
    def rate_before(self) -> float | None:
        """The share that was covered a year ago, by the target of today: a higher target makes no year look worse."""
        return _share(village.before >= village.target for village in self.villages)

    @property
    def gaps(self) -> list[Village]:
        """Villages that lack nodes."""
        return [village for village in self.villages if village.missing]


@dataclass(frozen=True, slots=True)
class Cost:
    """What `nodes` nodes cost (yuan): bought, running a year, and maintenance of the last year."""

    name: str
    nodes: int
    purchase: Decimal
    running: Decimal
    maintenance: Decimal

    @property
    def each(self) -> Decimal:
        """Running and maintenance of one node a year."""
        return (self.running + self.maintenance) / self.nodes if self.nodes else NONE


def coverage(account: Principal, division_path: str = "", kind: str = "") -> Coverage:
    """The villages below a division in which the account may see devices; `kind`: nodes that measure as it, alone."""
    root = places.root()
    if root is None:
        return Coverage(())
    scopes = policy.scopes(account, VIEW)
    villages = [
        village
        for village in places.descendants(division_path or root.path, level=VILLAGE)
        if any(village.path.startswith(scope) for scope in scopes)
    ]
    moment = now()
    nodes = _nodes(account, division_path, villages, moment)
    had = _nodes(account, division_path, villages, moment - YEAR)
    targets = _targets(kind)
    return Coverage(
        tuple(
            Village(
                village,
                _of_kind(nodes.get(village.path, {}), kind),
                _of_kind(had.get(village.path, {}), kind),
                _nearest(targets, village.path),
            )
            for village in villages
        )
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """Nodes of one kind in all villages, now and a year ago, and in how many villages one is."""

    name: str
    nodes: int
    before: int
    villages: int


def kinds(found: Coverage) -> list[Kind]:
    """The counts by kind, the most frequent first."""
    now_by, before_by, where = Counter[str](), Counter[str](), Counter[str]()
    for village in found.villages:
        now_by.update(village.nodes)
        before_by.update(village.earlier)
        where.update(name for name, number in village.nodes.items() if number)
    names = sorted(set(now_by) | set(before_by), key=lambda name: (-now_by[name], name))
    return [Kind(name, now_by[name], before_by[name], where[name]) for name in names]


def costs(account: Principal, division_path: str = "", *, by: str = "model") -> list[Cost]:
    """What nodes cost, by model or by town (`by`), the dearest first."""
    rows = list(_in_service(registering.devices_of(account, division_path), now()))
    spent = _spent(account, [row.device_id for row in rows])
    towns = _towns()
    found: dict[str, list[DeviceRecord]] = defaultdict(list)
    for row in rows:
        name = (row.model.title if row.model else "") if by == "model" else _above(towns, row.division_path)
        found[name].append(row)
    listed = [
        Cost(
            name,
            len(some),
            sum((_price(row) for row in some), NONE),
            sum((_running(row) for row in some), NONE),
            sum((spent.get(row.device_id, NONE) for row in some), NONE),
        )
        for name, some in found.items()
    ]
    return sorted(listed, key=lambda cost: (-cost.purchase, cost.name))


def _of_kind(nodes: Mapping[str, int], kind: str) -> dict[str, int]:
    return {name: number for name, number in nodes.items() if not kind or name == kind}


def _share(covered: Iterable[bool]) -> float | None:
    known = list(covered)
    return sum(known) / len(known) if known else None


def _in_service(rows: QuerySet[DeviceRecord], at: dt.datetime) -> QuerySet[DeviceRecord]:
    """Those that were in service at a moment."""
    return rows.filter(Q(retired_at__isnull=True) | Q(retired_at__gt=at), installed_at__lte=at)


def _nodes(
    account: Principal, division_path: str, villages: list[Division], at: dt.datetime
) -> dict[str, dict[str, int]]:
    """Nodes by village and kind. One that is kept at a town lies where its position says."""
    columns = ("division_path", "lon", "lat", "entity_id", "model__entity_type")
    rows = list(_in_service(registering.devices_of(account, division_path), at).values_list(*columns))
    known = {village.path for village in villages}
    kinds = dict(Entity.objects.filter(id__in=[row[3] for row in rows if row[3]]).values_list("id", "type"))
    located = _located([(row[1], row[2]) for row in rows if row[0] not in known and row[1] is not None])
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path, lon, lat, entity_id, stated in rows:
        village = path if path in known else located.get((lon, lat), "")
        if village in known:
            found[village][stated or kinds.get(entity_id, "")] += 1
    return found


def _located(points: list[tuple[float | None, float | None]]) -> dict[tuple[float | None, float | None], str]:
    """The village of each point."""
    distinct = sorted({(lon, lat) for lon, lat in points if lon is not None and lat is not None})
    if not distinct:
        return {}
    paths = places.locate([lon for lon, _lat in distinct], [lat for _lon, lat in distinct], level=VILLAGE)
    return {(lon, lat): path for (lon, lat), path in zip(distinct, paths, strict=True)}


def _targets(kind: str) -> dict[str, int]:
    rows = CoverageTarget.objects.filter(entity_type=kind, valid_from__lte=today()).order_by("valid_from")
    return dict(rows.values_list("division_path", "nodes"))


def _nearest(targets: Mapping[str, int], path: str) -> int:
    """The target stated closest above a village."""
    above = [stated for stated in targets if path.startswith(stated)]
    return targets[max(above, key=len)] if above else DEFAULT_TARGET


def _spent(account: Principal, devices: list[UUID]) -> dict[UUID, Decimal]:
    rows = policy.visible(Maintenance.objects.all(), account, VIEW).filter(
        device_id__in=devices, cost__isnull=False, opened_at__gte=now() - YEAR
    )
    return {row["device_id"]: row["total"] for row in rows.values("device_id").annotate(total=Sum("cost"))}


def _price(row: DeviceRecord) -> Decimal:
    if row.purchase_cost is not None:
        return row.purchase_cost
    return row.model.unit_cost if row.model else NONE


def _running(row: DeviceRecord) -> Decimal:
    if row.running_cost is not None:
        return row.running_cost
    return row.model.yearly_cost if row.model else NONE


def _towns() -> dict[str, str]:
    root = places.root()
    return {town.path: town.name for town in places.children(root.path)} if root else {}


def _above(towns: Mapping[str, str], path: str) -> str:
    return next((name for town, name in towns.items() if path.startswith(town)), places.title_for(path))
