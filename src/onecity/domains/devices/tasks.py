"""Background work of device management."""

import logging

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from onecity.domains.devices import health, maintenance, places, registering, rolling

log = logging.getLogger(__name__)

SOON_SECONDS = 5


@app.periodic(cron="* * * * *")
@app.task(name="devices.adopt", queueing_lock="devices.adopt", lock="devices.adopt")
def adopt(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Take up what was registered elsewhere; gives how many."""
    return registering.adopt()


@app.periodic(cron="* * * * *")
@app.task(name="devices.roll", queueing_lock="devices.roll", lock="devices.roll")
def roll(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Carry on all roll-outs; gives how many are under way."""
    found = rolling.under_way()
    for rollout_id in found:
        rolling.advance(rollout_id)
    if rolling.answering():
        _soon()
    return len(found)


@app.task(name="devices.roll_on", queueing_lock="devices.roll_on", lock="devices.roll")
def roll_on() -> int:
    """The same between the minutes, while devices are answering: a stage that is complete does not wait for the minute."""
    return roll()


def _soon() -> None:
    """Look again in some seconds; where that is ordered already, once is enough."""
    try:
        roll_on.configure(schedule_in={"seconds": SOON_SECONDS}).defer()
    except AlreadyEnqueued:
        log.debug("the next look at the roll-outs is ordered already")


@app.periodic(cron="17 * * * *")
@app.task(name="devices.check", queueing_lock="devices.check", lock="devices.health")
def check(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Look which devices are silent, come and go or have a wrong clock; gives what was found."""
    return sum(health.check(thorough=False).found.values())


@app.periodic(cron="27 2 * * *")
@app.task(name="devices.check_thoroughly", queueing_lock="devices.check_thoroughly", lock="devices.health")
def check_thoroughly(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Look at batteries and values of the last two weeks as well; gives what was found."""
    return sum(health.check(thorough=True).found.values())


@app.periodic(cron="*/10 * * * *")
@app.task(name="devices.maintain", queueing_lock="devices.maintain", lock="devices.maintain")
def maintain(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Open cases for what lasts or falls due, and take over what ended cases brought; gives how many were opened."""
    return maintenance.sweep()


@app.periodic(cron="47 * * * *")
@app.task(name="devices.learn", queueing_lock="devices.learn", lock="devices.learn")
def learn(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Learn and foretell the series of all modelled places; gives how many."""
    return places.learn()
