"""The process that keeps the simulated district alive: it registers, brings the past, then reports the present."""

import logging
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from onecity.kernel.core.clock import now
from onecity.sim import crews, history, live, residents, upkeep
from onecity.sim.client import GatewayClient
from onecity.sim.registers.source import Registers
from onecity.sim.roster import simulations
from onecity.sim.simulation import Simulation
from onecity.sim.station import Member, register

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 5.0


def run(home: Path, speed: float = 1.0) -> None:
    """Simulate until the process is told to end; `speed` multiplies how often stations report."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    simulated = simulations()
    members = _members(simulated, home, stop)
    if not members:
        return
    with GatewayClient(settings.ONECITY_BASE_URL, patience=600.0, stop=stop) as client:
        started = time.monotonic()
        sent = history.backfill(members, client, now())
        log.info("%d stations, %d readings of the past in %.1f s", len(members), sent, time.monotonic() - started)
        for simulation in simulated:
            simulation.open(int(time.time()))
        upkeep.furnish()
        residents.settle(Registers())
        worker = threading.Thread(target=_look_after, name="sim-upkeep", daemon=True)
        worker.start()
        crews.man()
        threading.Thread(target=crews.run, args=(stop,), name="sim-crews", daemon=True).start()
        close_old_connections()
        live.run(members, client, speed, stop)


def _look_after() -> None:
    """The check-up runs beside, since it reads two weeks of all series."""
    try:
        upkeep.look_after()
    except DatabaseError:
        log.exception("the check-up of the simulated devices failed")
    finally:
        connection.close()


def _members(simulated: Sequence[Simulation], home: Path, stop: threading.Event) -> list[Member]:
    told = False
    while not stop.is_set():
        members = register(simulated, home)
        if members:
            return members
        if not told:
            log.info("no district is loaded yet: the simulation begins after “onecity init”")
            told = True
        close_old_connections()
        stop.wait(LOOK_AGAIN_SECONDS)
    return []
