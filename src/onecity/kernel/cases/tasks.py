"""Background work of cases: the deadline sweep, once a minute, and what phones sent long ago, once a day."""

from django.conf import settings
from procrastinate.contrib.django import app

from onecity.kernel.cases import duplicates, sweep
from onecity.kernel.cases.dispatching import touring
from onecity.kernel.cases.field import upkeep
from onecity.kernel.cases.intake.mail import imap, maildir
from onecity.kernel.cases.keeping import service as keeping
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


@app.periodic(cron="20 3 * * *")
@app.task(name="cases.field", queueing_lock="cases.field", lock="cases.field")
def tidy_phones(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Forget ids and unfinished photos of phones that nobody needs any more."""
    return sum(upkeep.tidy())


@app.periodic(cron="40 2 * * *")
@app.task(name="cases.forget", queueing_lock="cases.forget", lock="cases.forget")
def forget(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Erase the personal data of cases whose time is over, as their kinds say."""
    return sum(one.cases for one in keeping.forget())


@app.periodic(cron="* * * * *")
@app.task(name="cases.mail", queueing_lock="cases.mail", lock="cases.mail")
def read_letters(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """File the letters that were delivered, and those of a mailbox elsewhere where one is set."""
    if settings.ONECITY_IMAP_URL:
        imap.fetch(settings.ONECITY_IMAP_URL)
    return sum(maildir.empty().values())


@app.periodic(cron="* * * * *")
@app.task(name="cases.rounds", queueing_lock="cases.rounds", lock="cases.rounds")
def plan_rounds(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Plan the rounds of inspection that were asked for."""
    planned = 0
    while touring.plan_next():
        planned += 1
    return planned


@app.periodic(cron="* * * * *")
@app.task(name="cases.duplicates", queueing_lock="cases.duplicates", lock="cases.duplicates")
def find_duplicates(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Look whether cases opened since the last look were told before."""
    return duplicates.scan()
