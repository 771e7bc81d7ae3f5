"""Calls: what a caller reported before, what is open near the place he speaks of, and the case that his call opens."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q

from onecity.kernel.access import audit, policy, throttle
from onecity.kernel.access.logic import prefixes
from onecity.kernel.access.throttle import Limit
from onecity.kernel.cases import asked, permissions, presentation
from onecity.kernel.cases.intake.resident import filing
from onecity.kernel.cases.logic import masking, telephone
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.naming import policy as naming
from onecity.kernel.cases.opening import NewCase, open_case
from onecity.kernel.cases.presentation import Row
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.service import visible_cases
from onecity.kernel.core.geometry import distance_m
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

SOURCE: Final = "hotline"
SHORTEST_PHONE: Final = 7
MOST_BEFORE, MOST_NEAR = 10, 6
NEAR_M: Final = 300.0
METRES_OF_A_DEGREE: Final = 111_195.0
# who asks for more numbers than any day of calls has is looking people up
LOOKUPS: Final = Limit("caller", 120, dt.timedelta(hours=1))


@dataclass(frozen=True)
class Near:
    """An open case near the point, and how many metres away; None where only the division is the same."""

    row: Row
    metres: int | None


@dataclass(frozen=True)
class Caller:
    """What is known of a number: the number masked, and the cases reported from it with their reporters as the policy of
    names shows them, newest first."""

    phone: str
    before: list[tuple[Row, str]]


@transaction.atomic
def caller(phone: str, account: Account, purpose: str) -> Caller | None:
    """What was reported from a number, of what the account may see and the reporter did not ask to hide.

    The looking up is logged with its purpose. None for what is no whole number. Raises Problem 429 for too many.
    """
    asked = telephone.plain(phone)
    if len(asked) < SHORTEST_PHONE:
        return None
    throttle.take(LOOKUPS, str(account.id))
    with connection.cursor() as cursor:
        cursor.execute("SELECT cases_called(%s)", [asked])
        ids = [row[0] for row in cursor.fetchall()]
    found = list(visible_cases(account).filter(id__in=ids).order_by("-opened_at")[:MOST_BEFORE])
    shown = masking.masked_phone(asked)
    audit.record(
        "cases.caller.read",
        actor_id=account.id,
        object_type="caller",
        object_id=shown,
        purpose=purpose[:200],
        detail={"cases": [case.number for case in found]},
    )
    names = naming.reporters(found)
    return Caller(shown, [(row, names[row.id]) for row in presentation.rows(found)])


def near(account: Account, lon: float | None, lat: float | None, division: str, kind: str) -> list[Near]:
    """Open cases that may be the same one: within NEAR_M of the point, nearest first; without a point the newest of the
    same kind in the same division."""
    if lon is None or lat is None:
        return _of_division(account, division, kind)
    east = NEAR_M / METRES_OF_A_DEGREE / max(0.01, math.cos(math.radians(lat)))
    north = NEAR_M / METRES_OF_A_DEGREE
    steps = [(x * east, y * north) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    around = places.locate([lon + x for x, _y in steps], [lat + y for _x, y in steps])
    inside = Q(pk__in=[])
    for path in set(around) - {""}:
        inside |= _within(path)
    rows = list(
        visible_cases(account).filter(
            inside, closed_at__isnull=True, lon__range=(lon - east, lon + east), lat__range=(lat - north, lat + north)
        )[:200]
    )
    metres = [float(distance_m(lon, lat, case.lon or 0.0, case.lat or 0.0)) for case in rows]
    ranked = sorted((m, case.number, case) for m, case in zip(metres, rows, strict=True) if m <= NEAR_M)[:MOST_NEAR]
    shown = presentation.rows([case for _m, _number, case in ranked])
    return [Near(row, round(m)) for row, (m, _number, _case) in zip(shown, ranked, strict=True)]


def _of_division(account: Account, division: str, kind: str) -> list[Near]:
    if not division or not kind:
        return []
    rows = visible_cases(account).filter(_within(division), closed_at__isnull=True, type_name=kind)
    return [Near(row, None) for row in presentation.rows(list(rows.order_by("-opened_at")[:MOST_NEAR]))]


def _within(path: str) -> Q:
    return Q(division_path__gte=path, division_path__lt=prefixes.upper_bound(path))


@transaction.atomic
def take(values: Mapping[str, Any], account: Account) -> tuple[Case, str]:
    """Open the case of a call, once for each form; returns it with the code for the caller.

    Raises Problem 403 outside the account's divisions, 422 for what no case can be opened with.
    """
    policy.require(account, permissions.OPEN, values["division"])
    code = filing.code_of(values["key"])
    case = open_case(
        NewCase(
            type_name=values["kind"],
            title=filing.title_of(values["text"]),
            description=values["text"].strip(),
            division_path=values["division"],
            address=values["address"],
            lon=values["lon"],
            lat=values["lat"],
            severity=values["severity"] or None,
            answers=asked.checked(values["kind"], values.get("answers", {})),
            source=SOURCE,
            source_key=f"call:{account.id}:{values['key']}",
            reporter=Person(name=values["name"].strip(), phone=values["phone"], hidden=values["hidden"], code=code),
        ),
        actor=account,
    )
    return case, code
