"""What is accepted is told once, in the reader's language, and leaves through a real mail server, whatever goes wrong."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.utils import translation
from procrastinate.contrib.django.models import ProcrastinateJob

from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.notify import delivering, inbox, service, tasks, words
from onecity.kernel.notify.models import Delivery, FeedEvent, Message
from onecity.kernel.notify.tests.mail_server import MailServer
from onecity.kernel.people.models import Account

NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC)
CONTEXT = {"number": "2026-000123", "title": "路口垃圾", "deadline": "2026-11-25T09:30:00+00:00"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock() -> Iterator[FixedClock]:
    with use_clock(FixedClock(NOON)) as fixed:
        yield fixed


@pytest.fixture
def li() -> Account:
    return Account.objects.create_user("li", display_name="李华", email="li@example.org", language="zh-hans")


@pytest.fixture
def ann() -> Account:
    return Account.objects.create_user("ann", display_name="Ann", email="", language="en")


def notice(account: Account, key: str = "k") -> service.Notice:
    return service.Notice(account.id, "case_assigned", CONTEXT, key, "/desk/cases/1")


def test_accepted_once_for_inbox_and_mail(li: Account, ann: Account) -> None:
    for _turn in range(2):
        service.send_many([notice(li), notice(ann)])
    assert {m.account_id for m in Message.objects.all()} == {li.id, ann.id}
    assert Message.objects.count() == 2
    # Ann has no address: nothing is queued for her
    assert [(d.address, d.status) for d in Delivery.objects.all()] == [("li@example.org", "queued")]
    assert FeedEvent.objects.filter(kind="message", account_id=li.id).exists()


def test_what_is_rolled_back_was_never_told(li: Account) -> None:
    with transaction.atomic():
        service.send_many([notice(li)])
        transaction.set_rollback(True)
    assert Message.objects.count() == Delivery.objects.count() == FeedEvent.objects.count() == 0


def test_unknown_template_or_channel_is_refused_before_anything_is_accepted(li: Account) -> None:
    with pytest.raises(ValueError, match="no message template 'poem'"):
        service.send(li.id, "poem", {})
    with pytest.raises(ValueError, match="no channel 'pigeon'"):
        service.send(li.id, "case_assigned", {}, channels=("pigeon",))
    assert Message.objects.count() == Delivery.objects.count() == 0


def test_mail_leaves_through_a_real_server(li: Account, mail_server: MailServer, clock: FixedClock) -> None:
    service.send_many([notice(li)])
    assert (delivering.send_waiting(), delivering.send_waiting()) == (1, 0)
    (mail,) = mail_server.received
    assert (mail["To"], mail["From"]) == ("li@example.org", "onecity@district.example")
    assert mail["Subject"] == "请您处置：2026-000123 路口垃圾"
    body = mail.get_content()
    assert "案件 2026-000123“路口垃圾”由您处置。办理期限：2026年11月25日 17:30。" in body
    assert "https://city.example/desk/cases/1" in body
    delivery = Delivery.objects.get()
    assert mail["Message-ID"] == f"<{delivery.id}@district.example>"
    assert (delivery.status, delivery.attempts, delivery.sent_at) == ("sent", 1, NOON)


def test_to_an_address_without_account(mail_server: MailServer, clock: FixedClock) -> None:
    for _turn in range(2):
        service.send("office@example.org", "case_opened", CONTEXT, key="once", channels=("email",))
    assert delivering.send_waiting() == 1
    assert [m["To"] for m in mail_server.received] == ["office@example.org"]


def test_a_busy_server_is_tried_again_later_with_the_same_message_id(
    li: Account, mail_server: MailServer, clock: FixedClock
) -> None:
    service.send_many([notice(li)])
    mail_server.answers = ["451 come back later"]
    assert delivering.send_waiting() == 0
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.next_attempt_at) == ("queued", 1, NOON + delivering.PAUSES[0])
    assert "come back later" in delivery.answer
    assert (delivering.send_waiting(), mail_server.received) == (0, [])
    clock.advance(delivering.PAUSES[0])
    assert delivering.send_waiting() == 1
    assert mail_server.received[0]["Message-ID"] == f"<{delivery.id}@district.example>"


def test_a_refusal_is_final(li: Account, mail_server: MailServer, clock: FixedClock) -> None:
    service.send_many([notice(li)])
    mail_server.answers = ["550 no such user"]
    assert delivering.send_waiting() == 0
    clock.advance(dt.timedelta(days=9))
    assert (delivering.send_waiting(), mail_server.dialogues) == (0, 1)
    assert Delivery.objects.get().status == "refused"


def test_given_up_after_the_last_attempt(li: Account, clock: FixedClock, settings: object) -> None:
    # a port where nobody listens
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]  # fixture
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # type: ignore[attr-defined]  # same
    service.send_many([notice(li)])
    for _turn in range(len(delivering.PAUSES) + 3):
        delivering.send_waiting()
        clock.advance(dt.timedelta(days=1))
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("given_up", len(delivering.PAUSES) + 1)
    assert "ConnectionRefusedError" in delivery.answer
    # the inbox has it all the same
    assert Message.objects.count() == 1


def test_a_crash_while_sending_is_repaired_after_the_lease(
    li: Account, mail_server: MailServer, clock: FixedClock
) -> None:
    service.send_many([notice(li)])
    taken = delivering._take()
    assert taken is not None
    assert delivering._take() is None
    clock.advance(delivering.LEASE)
    assert delivering.send_waiting() == 1
    assert len(mail_server.received) == 1


@pytest.mark.django_db(transaction=True)
def test_the_worker_is_woken_after_the_commit(li: Account, mail_server: MailServer) -> None:
    with connection.cursor() as cursor:
        # the library's tables are not emptied between tests
        cursor.execute("DELETE FROM procrastinate_jobs")
    with transaction.atomic():
        service.send_many([notice(li, "a"), notice(li, "b")])
        service.send_many([notice(li, "c")])
        assert jobs_waiting() == 0
    assert jobs_waiting() == 1
    service.send_many([notice(li, "d")])
    assert jobs_waiting() == 1
    assert tasks.send_waiting() == 4


def jobs_waiting() -> int:
    # the library's own model of its queue
    return ProcrastinateJob.objects.filter(task_name="notify.send_waiting", status="todo").count()


def test_words_of_both_languages(li: Account) -> None:
    chinese, english = (words.render("case_opened", CONTEXT, language) for language in ("zh-hans", "en"))
    assert chinese.subject == "新案件 2026-000123：路口垃圾"
    assert english.body == "Case 2026-000123, “路口垃圾”, has been sent to your office. Due: Nov. 25, 2026 17:30."
    assert words.render("cases_opened", {"count": 1234}, "en").subject == "1,234 new cases"
    assert words.render("case_opened", {"title": "{number}", "deadline": ""}, "en").body.endswith("Due: none.")


def test_every_template_speaks_both_languages_with_the_same_names() -> None:
    for name, texts in words._templates.items():
        assert set(texts) == {"zh", "en"}, name
    with pytest.raises(ValueError, match="declared twice"):
        words.declare("case_opened", {})
    with pytest.raises(ValueError, match="lacks subject or body in: en"):
        words.declare("new_template", {"zh": {"subject": "x", "body": "y"}})


def test_what_the_platform_named_is_told_to_each_in_his_own_language(
    li: Account, mail_server: MailServer, clock: FixedClock
) -> None:
    bob = Account.objects.create_user("bob", display_name="Bob", email="bob@example.org", language="en")
    context = CONTEXT | {"title": {"zh": "东站：PM2.5 偏高", "en": "East station: PM2.5 too high"}}
    service.send_many([service.Notice(a.id, "case_opened", context, "k") for a in (li, bob)])
    assert delivering.send_waiting() == 2
    assert {m["To"]: m["Subject"].strip() for m in mail_server.received} == {
        "li@example.org": "新案件 2026-000123：东站：PM2.5 偏高",
        "bob@example.org": "New case 2026-000123: East station: PM2.5 too high",
    }
    # the inbox follows whoever reads it, now
    with translation.override("en"):
        assert inbox.page(li).letters[0].subject == "New case 2026-000123: East station: PM2.5 too high"
    assert words.render("case_opened", {"title": {"zh": "东站"}}, "en").subject == "New case : 东站"
