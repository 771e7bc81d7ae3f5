"""What of a case leaves, and how its files come: policies on names and files, words on cases of the other side, bad bytes."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from onecity.kernel.cases import appending, attachments, service
from onecity.kernel.cases.models import Attachment, Case, CaseEvent
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.tests.test_attachments import png
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.places.models import Division
from onecity.kernel.tiers import transfer, watching
from onecity.kernel.tiers.models import AwaitedFile, Away, Outbox, Peer, Policy, Shared
from onecity.kernel.tiers.outbox import Outgoing
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.tiers.shaping import Shaper
from onecity.kernel.tiers.transfer import Wish

pytestmark = pytest.mark.django_db
CODE, PATH = "990101001", "adm/990101/990101001/"


@pytest.fixture
def district(settings: Settings, tmp_path: Path) -> Joined:
    """This side is a town that has joined its district."""
    settings.ONECITY_TIER, settings.ONECITY_UPLOADS = "town", tmp_path
    root = Division.objects.create(tree="adm", code="990101", name="Harbour", level="district", path="adm/990101/")
    Division.objects.create(tree="adm", code=CODE, name="North", level="town", path=PATH, parent=root)
    installation = new_id()
    Peer.objects.create(
        code=CODE, direction="up", name="Harbour", division_path=PATH, state="joined", installation=installation
    )
    watching.install()
    service.publish(CaseTypeDecl("mill", "Mill"), effective_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    return Joined(CODE, True, PATH, installation)


def opened(*, hidden: bool = False) -> Case:
    person = Person(name="Wang Xiaoming", phone="13800138000", hidden=hidden)
    return service.open_case(service.NewCase(type_name="mill", title="Dust", division_path=PATH, reporter=person))


def leaving(peer: Joined, kind: str = "case") -> dict[str, Any]:
    """The newest message as it would leave."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    row = Outbox.objects.filter(kind=kind).order_by("-id")[0]
    shaped, body = Shaper(peer).shape(Outgoing(row.id, row.channel, row.kind, 1, row.body, None))
    assert shaped == kind
    return dict(body)


@pytest.mark.parametrize(
    ("sharing", "hidden", "shown", "whole"),
    [
        ("", False, "", None),
        ("none", False, "", None),
        ("summary", False, "W*** X*** 138****8000", None),
        ("all", False, "W*** X*** 138****8000", {"name": "Wang Xiaoming", "phone": "13800138000", "email": ""}),
        ("all", True, "", {}),
    ],
)
def test_who_reported_a_case_leaves_only_as_far_as_a_line_says(
    district: Joined, sharing: str, hidden: bool, shown: str, whole: dict[str, str] | None
) -> None:
    if sharing:
        Policy.objects.create(kind="reporters", type_name="mill", sharing=sharing)
    opened(hidden=hidden)
    body = leaving(district)
    assert body["case"]["reporter_shown"] == shown
    assert body.get("reporter") == whole
    assert "Wang" not in str(body | {"reporter": None})


def test_words_on_a_case_of_the_other_side_are_sent_there_and_change_nothing_here(district: Joined) -> None:
    away, here = opened(), opened()
    Away.objects.create(case_id=away.id, peer_id=CODE)
    assert appending.append_many([away.id, here.id], "alert_end", "over") == 2
    assert CaseEvent.objects.filter(case_id=away.id).count() == 1
    assert list(CaseEvent.objects.filter(case_id=here.id).order_by("version").values_list("action", flat=True)) == [
        "open",
        "alert_end",
    ]
    act = leaving(district, "act")
    assert (act["case_id"], act["action"], act["note"], act["version"]) == (str(away.id), "alert_end", "over", 1)


def test_a_file_of_a_case_at_home_elsewhere_goes_with_its_act(district: Joined) -> None:
    case, content = opened(), png()
    Away.objects.create(case_id=case.id, peer_id=CODE)
    made = attachments.attach(case.id, "mill.png", content, None)
    content = attachments.read(made)
    told = leaving(district, "act")["attachments"]
    assert [(row["id"], row["sha256"], row["size"]) for row in told] == [(str(made.id), made.sha256, len(content))]
    Policy.objects.create(kind="files", type_name="mill", sharing="none")
    assert leaving(district, "act")["attachments"] == []


def test_files_are_given_only_of_shared_cases_and_as_the_policy_says(district: Joined) -> None:
    case, content = opened(), png()
    made = attachments.attach(case.id, "mill.png", content, None)
    content = attachments.read(made)
    wish = Wish(made.sha256, 0)
    assert transfer.give(district, wish) == transfer.STAYS
    Shared.objects.create(peer_id=CODE, case_id=case.id)
    assert transfer.give(district, wish) == transfer.GIVEN + content
    assert transfer.give(district, Wish(made.sha256, 10)) == transfer.GIVEN + content[10:]
    for kind, sharing in (("files", "none"), ("cases", "summary"), ("cases", "none")):
        line = Policy.objects.create(kind=kind, type_name="mill", sharing=sharing)
        assert transfer.give(district, wish) == transfer.STAYS
        line.delete()
    attachments.path_of(made.sha256).unlink()
    assert transfer.give(district, wish) == transfer.ABSENT


def awaited(content: bytes, size: int | None = None) -> tuple[Case, str]:
    case, digest = opened(), hashlib.sha256(content).hexdigest()
    size = len(content) if size is None else size
    Attachment.objects.create(
        case=case, sha256=digest, media_type="image/png", size=size, width=2, height=3, name="mill.png"
    )
    AwaitedFile.objects.create(sha256=digest, peer_id=CODE, size=size, media_type="image/png")
    return case, digest


def test_a_file_comes_in_pieces_from_where_it_stopped(district: Joined) -> None:
    content = png()
    case, digest = awaited(content)
    starts: list[int] = []

    def twenty(wish: Wish) -> bytes:
        starts.append(wish.start)
        return transfer.GIVEN + content[wish.start : wish.start + 20]

    assert transfer.fetch(district, twenty)
    (shown,) = attachments.of_case(case)
    assert str(100 * 20 // len(content)) in shown.awaited
    while transfer.fetch(district, twenty):
        assert len(starts) < 100
    assert starts == list(range(0, len(content), 20))
    assert attachments.path_of(digest).read_bytes() == content
    assert attachments.of_case(case)[0].awaited == ""
    assert not AwaitedFile.objects.exists()


def test_bytes_that_are_not_what_was_told_never_take_its_place(district: Joined) -> None:
    content = png()
    case, digest = awaited(content)
    with use_clock(FixedClock(now())) as clock:
        for tries in (1, 2, 3):
            assert transfer.fetch(district, lambda _wish: transfer.GIVEN + bytes(len(content)))
            assert AwaitedFile.objects.get().tries == tries
            clock.advance(dt.timedelta(minutes=1))
        assert not transfer.fetch(district, lambda _wish: transfer.GIVEN + content)
    assert AwaitedFile.objects.get().state == "damaged"
    assert not attachments.path_of(digest).exists()
    assert attachments.of_case(case)[0].awaited != ""


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (transfer.STAYS, "stays"),
        (transfer.ABSENT, "coming"),
        (b"", "coming"),
        (b"+", "coming"),
        (b"+" + bytes(5000), "coming"),
    ],
)
def test_what_is_not_given_is_put_off(district: Joined, answer: bytes, state: str) -> None:
    _case, digest = awaited(png())
    assert not transfer.fetch(district, lambda _wish: answer)
    row = AwaitedFile.objects.get()
    assert (row.state, row.received, row.tries) == (state, 0, 0)
    assert not attachments.path_of(digest).exists()
    # and is not asked for again at once
    assert not transfer.fetch(district, lambda _wish: pytest.fail("asked again"))
