"""Simulated field units: crews that wait at their stations, drive to the cases they are sent to, and report as phones do.

They do what their phones would say, through the same service as the API and in the name of their own accounts.
"""

import datetime as dt
import logging
import threading
from typing import Final

from django.db import DatabaseError, connection, transaction
from django.utils import translation

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases.dispatching import positions
from onecity.kernel.cases.dispatching.positions import Position
from onecity.kernel.cases.models import Duty, Unit, UnitState
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import service as people
from onecity.kernel.people.models import Account, AssuranceLevel, Organisation
from onecity.kernel.places import service as tree

log = logging.getLogger(__name__)
CREWS: Final = 6
BEAT_SECONDS: Final = 10.0
TURN_HOURS: Final = 12
# how long a crew is at work on the spot before it says that it is free
WORK: Final = dt.timedelta(minutes=4)
SKILLS: Final = (("cleaning", "order"), ("drainage", "roads"), ("greening", "lighting"))


def man() -> None:
    """Enter the crews, once: where a unit exists already, people have begun and nothing is touched."""
    root = tree.root()
    if root is None or Unit.objects.exists():
        return
    towns = [town for town in tree.children(root.path) if town.lon is not None][:CREWS]
    with translation.override("zh-hans"), transaction.atomic():
        for number, town in enumerate(towns):
            account = _account(number, town.name, town.path)
            Unit.objects.create(
                name=f"{town.name}应急{number + 1}组", account_id=account.id, organisation_id=account.organisation_id,
                division_path=town.path, skills=list(SKILLS[number % len(SKILLS)]), station_lon=town.lon,
                station_lat=town.lat, simulated=True,
            )  # fmt: skip


def _account(number: int, place: str, path: str) -> Account:
    """The account of a crew's phone: one of the demonstration, without a password, with the right to work on cases."""
    name = f"crew-{number + 1}"
    body = Organisation.objects.filter(division_path=path, is_active=True).order_by("code").first()
    account = Account.objects.filter(username=name).first()
    if account is None:
        account = people.create_account(
            name, display_name=f"{place}应急{number + 1}组", organisation=body, is_demo=True,
            assurance_level=AssuranceLevel.CONTACT,
        )  # fmt: skip
    people.assign_role(account, "village_worker", path)
    return account


def run(stop: threading.Event) -> None:
    """Report for all crews until told to stop; a database that is away costs reports, never the loop."""
    until = dt.datetime.min.replace(tzinfo=dt.UTC)
    while not stop.wait(BEAT_SECONDS):
        try:
            if now() >= until:
                until = roster(now())
            for unit in list(Unit.objects.filter(simulated=True).select_related("case")):
                report(unit, now())
        except DatabaseError:
            log.exception("the simulated crews could not report")
            connection.close()


def roster(moment: dt.datetime) -> dt.datetime:
    """Enter the crews for the turn of duty that runs now, once, so that kinds that say so are given by themselves; returns
    when it ends."""
    start = moment.replace(hour=moment.hour // TURN_HOURS * TURN_HOURS, minute=0, second=0, microsecond=0)
    end = start + dt.timedelta(hours=TURN_HOURS)
    for unit in Unit.objects.filter(simulated=True):
        turn = {"organisation_id": unit.organisation_id, "skills": unit.skills, "end": end}
        Duty.objects.get_or_create(
            account_id=unit.account_id, division_path=unit.division_path, start=start, defaults=turn
        )  # fmt: skip
    return end


def report(unit: Unit, moment: dt.datetime) -> None:
    """What the phone of a crew says now: where it is on its way, that it has arrived, that it is done."""
    account = Account.objects.get(id=unit.account_id)
    place, state = _next(unit, moment)
    try:
        with acting_as(account.id):
            positions.report(account, [Position(*place, moment, 10.0)] if place else [], state)
    except Problem as problem:
        log.info("%s did not report: %s", unit.name, problem)


def _next(unit: Unit, moment: dt.datetime) -> tuple[tuple[float, float] | None, str]:
    home = None
    if unit.station_lon is not None and unit.station_lat is not None:
        home = (unit.station_lon, unit.station_lat)
    here = (unit.lon, unit.lat) if unit.lon is not None and unit.lat is not None else home
    case = unit.case
    if case is None or case.lon is None or case.lat is None or here is None:
        return home, ""
    there = (case.lon, case.lat)
    arrives = unit.arrives_at or moment
    if unit.state == UnitState.ON_THE_SPOT:
        return there, UnitState.FREE if moment >= arrives + WORK else ""
    if moment >= arrives:
        return there, UnitState.ON_THE_SPOT
    # the share of the way left that is driven until the next report
    share = min(1.0, BEAT_SECONDS / max((arrives - moment).total_seconds(), BEAT_SECONDS))
    step = (here[0] + (there[0] - here[0]) * share, here[1] + (there[1] - here[1]) * share)
    return step, UnitState.ON_THE_WAY
