"""Background work of cases: the deadline sweep, once a minute."""

from procrastinate.contrib.django import app

from onecity.kernel.cases import sweep
from onecity.kernel.cases.shifts import automatic


@app.periodic(cron="* * * * *")
@app.task(name="cases.sweep", queueing_lock="cases.sweep", lock="cases.sweep")
def sweep_deadlines(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Remind and warn for every case whose moment has come."""
    return sweep.sweep()


@app.periodic(cron="* * * * *")
@app.task(name="cases.assign", queueing_lock="cases.assign", lock="cases.assign")
def assign_waiting(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Give waiting cases to whoever on duty fits best, where their kind says so."""
    return automatic.assign_waiting()
