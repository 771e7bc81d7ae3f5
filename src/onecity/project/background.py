"""The worker: runs background jobs, and takes up those that a worker left unfinished when it was killed.

A job that is being worked on keeps its lock. If its worker dies, nobody else would ever start a job with that lock again
(no sweep, no letters), so whoever lives puts it back into the queue once the dead one's sign of life is old enough.
"""

import asyncio
import contextlib
import logging

from procrastinate import App
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

logger = logging.getLogger(__name__)

HEARTBEAT_S = 5.0
# as many signs of life are missing that the worker is taken for dead
DEAD_AFTER_S = 6 * HEARTBEAT_S
CLEAN_EVERY_S = 3600.0
KEEP_FAILED_HOURS = 30 * 24


def run(app: App) -> None:
    """Work until a signal asks to end; what is in hand is finished first."""
    asyncio.run(_run(app))


async def _run(app: App) -> None:
    async with app.open_async():
        beside = [asyncio.create_task(work(app)) for work in (_take_up, _clean)]
        try:
            await app.run_worker_async(
                concurrency=2,
                install_signal_handlers=True,
                listen_notify=True,
                delete_jobs="successful",
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=DEAD_AFTER_S,
            )
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


async def take_up(app: App, dead_after_s: float = DEAD_AFTER_S) -> int:
    """Put the jobs of dead workers back into the queue; returns how many there were.

    Where the same job waits already it is not queued twice: the unfinished one ends as failed, the waiting one does its work.
    """
    left = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=dead_after_s))
    for job in left:
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
    return len(left)


async def _take_up(app: App) -> None:
    while True:
        # while the database is away nothing can be taken up; the next turn does it
        with contextlib.suppress(ConnectorException):
            if number := await take_up(app):
                logger.warning("%d jobs of a worker that died are done again", number)
        await asyncio.sleep(HEARTBEAT_S)


async def _clean(app: App) -> None:
    while True:
        with contextlib.suppress(ConnectorException):
            await app.job_manager.delete_old_jobs(KEEP_FAILED_HOURS, include_failed=True)
        await asyncio.sleep(CLEAN_EVERY_S)
