"""Background work of telemetry: hourly figures, sorted days, and the end of what is too old."""

from procrastinate.contrib.django import app

from onecity.kernel.telemetry import forgetting, growing, upkeep

# one after the other: all of them change the set of partitions
UPKEEP = "telemetry.upkeep"


@app.periodic(cron="7 * * * *")
@app.task(name="telemetry.roll_up", queueing_lock="telemetry.roll_up", lock=UPKEEP)
def roll_up(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Make hourly figures of the days that changed."""
    return len(upkeep.roll_up())


@app.periodic(cron="*/5 * * * *")
@app.task(name="telemetry.roll_up_today", queueing_lock="telemetry.roll_up_today", lock=UPKEEP)
def roll_up_today(timestamp: int = 0) -> bool:  # noqa: ARG001 - same
    """Bring the hourly figures of today up to now."""
    return growing.roll_up_today()


@app.periodic(cron="23 * * * *")
@app.task(name="telemetry.sort", queueing_lock="telemetry.sort", lock=UPKEEP)
def sort_days(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Sort the partitions of closed days, and of today where that is worth it."""
    return len(upkeep.sort_days())


@app.periodic(cron="41 * * * *")
@app.task(name="telemetry.retain", queueing_lock="telemetry.retain", lock=UPKEEP)
def retain(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Drop the days that are older than readings are kept."""
    return len(upkeep.retain())


@app.periodic(cron="53 * * * *")
@app.task(name="telemetry.forget", queueing_lock="telemetry.forget")
def forget(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Remove refused readings, ended commands, raw messages and callers of long ago."""
    return forgetting.forget()
