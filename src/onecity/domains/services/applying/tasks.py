"""Background work of applying: deciding what waits, issuing what people granted; and telling kinds of case of new versions."""

from procrastinate.contrib.django import app

from onecity.domains.services.applying import (
    appointments,
    archiving,
    deciding,
    delivering,
    entitling,
    granting,
    kinds,
    reviewing,
    settling,
    telling,
)
from onecity.domains.services.items import publishing

publishing.announce_to(kinds.announced)


@app.periodic(cron="* * * * *")
@app.task(name="services.decide", queueing_lock="services.decide")
def decide_waiting(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Decide applications that a crash or an error left waiting."""
    return deciding.decide_waiting()


@app.periodic(cron="* * * * *")
@app.task(name="services.grant", queueing_lock="services.grant")
def issue_granted(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Issue what people granted, follow cases that ended, and tell what is still needed."""
    return granting.follow() + reviewing.follow() + settling.go_on() + telling.asked()


@app.periodic(cron="* * * * *")
@app.task(name="services.appointments", queueing_lock="services.appointments")
def keep_appointments(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Lay out the times of the next days, give free what nobody came for, and hand letters over."""
    return appointments.lay_out() + appointments.release_missed() + delivering.carry()


@app.periodic(cron="40 2 * * *")
@app.task(name="services.entitled", queueing_lock="services.entitled")
def find_entitled(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Find who is entitled to what without an application."""
    return entitling.look()


@app.periodic(cron="17 * * * *")
@app.task(name="services.archive", queueing_lock="services.archive")
def archive_closed(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Take closed applications into the archive."""
    return archiving.archive_closed()
