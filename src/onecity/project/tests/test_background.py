"""A job that a killed worker left is done by another; one whose twin already waits is not queued twice."""

import asyncio
from collections.abc import Iterator

import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from onecity.kernel.notify.tasks import send_waiting
from onecity.project import background

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clean(transactional_db: None) -> Iterator[None]:
    _empty()
    yield
    _empty()


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
        cursor.execute("DELETE FROM procrastinate_workers")


def worker(seconds_silent: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s * interval '1 second') RETURNING id",
            [seconds_silent],
        )
        return int(cursor.fetchall()[0][0])


def in_hand(worker_id: int) -> int:
    """A job that this worker has taken."""
    job = send_waiting.defer()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s", [worker_id, job])
    return int(job)


def states() -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, status FROM procrastinate_jobs ORDER BY id")
        return dict(cursor.fetchall())


def take_up() -> int:
    connector = app.connector
    assert isinstance(connector, DjangoConnector)

    async def once() -> int:
        with app.replace_connector(connector.get_worker_connector()) as living:
            async with living.open_async():
                return await background.take_up(living)

    return asyncio.run(once())


def test_the_job_of_a_dead_worker_is_queued_again() -> None:
    job = in_hand(worker(seconds_silent=60))
    assert take_up() == 1
    assert states() == {job: "todo"}
    assert take_up() == 0


def test_the_job_of_a_living_worker_is_left_alone() -> None:
    job = in_hand(worker(seconds_silent=10))
    assert take_up() == 0
    assert states() == {job: "doing"}


def test_a_job_whose_twin_waits_already_ends_and_frees_its_lock() -> None:
    left = in_hand(worker(seconds_silent=60))
    waiting = send_waiting.defer()
    assert take_up() == 1
    assert states() == {left: "failed", waiting: "todo"}
