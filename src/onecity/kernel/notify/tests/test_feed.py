"""The change feed never tears a hole, says so when rows are gone, and refuses what is not its cursor."""

import datetime as dt
import threading
import uuid

import psycopg
import pytest
from django.db import connection, transaction

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify import feed
from onecity.kernel.notify.models import FeedEvent

TOWN = "adm/990100/990100001/"


def _publish(ref: str) -> None:
    feed.publish("case", division_path=TOWN, ref=ref, payload={"n": ref})


@pytest.mark.django_db(transaction=True)
def test_reader_goes_on_from_its_cursor() -> None:
    start = feed.head()
    _publish("a")
    _publish("b")
    first = feed.since(start, 1)
    assert [e.ref for e in first.events] == ["a"]
    second = feed.since(first.cursor)
    assert [(e.ref, e.payload, e.permission) for e in second.events] == [("b", {"n": "b"}, "cases.view")]
    assert feed.since(second.cursor) == feed.Page((), second.cursor)


@pytest.mark.django_db(transaction=True)
def test_late_commit_is_not_passed_over() -> None:
    start = feed.head()
    written, finish = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with transaction.atomic():
            _publish("early number, late commit")
            written.set()
            assert finish.wait(30)
        connection.close()

    thread = threading.Thread(target=slow_writer)
    thread.start()
    assert written.wait(30)
    _publish("late number, early commit")
    page = feed.since(start)
    assert page.events == ()
    finish.set()
    thread.join(30)
    assert [e.ref for e in feed.since(page.cursor).events] == ["early number, late commit", "late number, early commit"]


@pytest.mark.django_db(transaction=True)
def test_listeners_are_woken_at_commit_and_not_before() -> None:
    parameters = connection.get_connection_params()
    keys = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{k: parameters[k] for k in keys if parameters.get(k)}, autocommit=True) as listener:
        listener.execute(f"LISTEN {feed.CHANNEL}")
        with transaction.atomic():
            _publish("x")
            _publish("y")
            assert list(listener.notifies(timeout=0)) == []
        heard = list(listener.notifies(timeout=10, stop_after=1))
    assert [n.channel for n in heard] == [feed.CHANNEL]


@pytest.mark.django_db(transaction=True)
def test_pruned_rows_are_told_as_a_gap() -> None:
    start = feed.head()
    _publish("old")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notify_event SET at = now() - interval '8 days'")
    kept_from = feed.head()
    _publish("new")
    assert feed.prune() == 1
    assert feed.prune() == 0
    gap = feed.since(start)
    assert (gap.events, gap.gap) == ((), True)
    assert feed.since(gap.cursor).events == ()
    assert [e.ref for e in feed.since(kept_from).events] == ["new"]
    assert [e.ref for e in feed.since("").events] == ["new"]


@pytest.mark.django_db
def test_prune_keeps_what_is_young() -> None:
    _publish("young")
    assert feed.prune(now() - dt.timedelta(hours=1)) == 0
    assert FeedEvent.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["x", "1", "-1-2", "1-2-3", "１-2", "1-", "9" * 50 + "-1"])
def test_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        feed.since(cursor)
    assert refused.value.status == 400


@pytest.mark.django_db
def test_cursor_ahead_of_the_present_is_a_gap() -> None:
    assert feed.since(f"{2**60}-0").gap is True


@pytest.mark.django_db
def test_unknown_kind_is_refused_and_nothing_written() -> None:
    with pytest.raises(ValueError, match="'wish' is no kind"):
        feed.publish("wish", division_path=TOWN, ref="a", payload={})
    assert FeedEvent.objects.count() == 0


@pytest.mark.django_db
def test_many_in_one_call() -> None:
    changes = [feed.Change("alert", TOWN, str(i), {"at": now(), "id": uuid.uuid4()}) for i in range(500)]
    assert feed.publish_many(changes) == 500
    assert feed.publish_many([]) == 0
    assert FeedEvent.objects.count() == 500
