"""Messages end a year after they were read, the feed after a week; what is unread, waiting or young stays."""

import datetime as dt

import pytest
from django.db import connection

from onecity.kernel.core import retention
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.notify import feed, tasks
from onecity.kernel.notify.models import Delivery, FeedEvent, Message

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def days_ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def message(key: str, created: float, read: float | None) -> None:
    Message.objects.create(
        account_id=new_id(), key=key, template="x", created_at=days_ago(created),
        read_at=None if read is None else days_ago(read),
    )  # fmt: skip


def deliver(key: str, status: str, created: float) -> None:
    Delivery.objects.create(
        key=key, channel="email", address="a@example.org", language="en", template="x", status=status,
        created_at=days_ago(created),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "left"),
    [("", {"unread", "read lately"}), ("0", {"unread", "read lately", "read long ago"}), ("5", {"unread"})],
)
def test_messages_end_after_they_were_read(monkeypatch: pytest.MonkeyPatch, setting: str, left: set[str]) -> None:
    monkeypatch.setenv("ONECITY_INBOX_DAYS", setting)
    message("unread", 900, None)
    message("read lately", 900, 10)
    message("read long ago", 900, 366)
    with use_clock(FixedClock(NOW)):
        assert tasks.forget() == 3 - len(left)
    assert set(Message.objects.values_list("key", flat=True)) == left


def test_deliveries_that_wait_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONECITY_INBOX_DAYS", raising=False)
    for key, status, created in (("sent", "sent", 366), ("waits", "queued", 900), ("young", "refused", 100)):
        deliver(key, status, created)
    with use_clock(FixedClock(NOW)):
        assert tasks.forget() == 1
    assert set(Delivery.objects.values_list("key", flat=True)) == {"waits", "young"}


def test_the_feed_ends_by_its_setting_in_bounded_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention.remove, "__defaults__", (2, 2))
    for number in range(6):
        feed.publish("alert", division_path="adm/1/", ref=str(number), payload={})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notify_event SET at = now() - interval '8 days' WHERE ref <> '5'")
    monkeypatch.setenv("ONECITY_FEED_DAYS", "0")
    assert tasks.prune_feed() == 0
    monkeypatch.setenv("ONECITY_FEED_DAYS", "9")
    assert tasks.prune_feed() == 0
    monkeypatch.setenv("ONECITY_FEED_DAYS", "")
    assert tasks.prune_feed() == 4
    assert sorted(FeedEvent.objects.values_list("ref", flat=True)) == ["4", "5"]
    assert tasks.prune_feed() == 1
    assert tasks.prune_feed() == 0
