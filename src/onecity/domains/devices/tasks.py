"""Background work of device management."""

from procrastinate.contrib.django import app

from onecity.domains.devices import registering


@app.periodic(cron="* * * * *")
@app.task(name="devices.adopt", queueing_lock="devices.adopt", lock="devices.adopt")
def adopt(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Take up what was registered elsewhere; gives how many."""
    return registering.adopt()
