"""Background work of device management."""

from procrastinate.contrib.django import app

from onecity.domains.devices import registering, rolling


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
    return len(found)
