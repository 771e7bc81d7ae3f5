"""Background work of records: every hour some of the archive is looked at again, so that all are within weeks."""

from procrastinate.contrib.django import app

from onecity.kernel.records.archive import fixity


@app.periodic(cron="23 * * * *")
@app.task(name="records.fixity", queueing_lock="records.fixity")
def look_again(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Look at the packages longest not looked at; returns how many are not sound."""
    fixity.remove_orphans()
    return len(fixity.audit_oldest())
