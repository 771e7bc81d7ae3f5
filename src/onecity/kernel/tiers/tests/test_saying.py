"""What both sides may say of a mirrored row: the earlier word holds, and where both spoke both are listed."""

import datetime as dt
from typing import Any

import pytest

from onecity.kernel.core.ids import new_id
from onecity.kernel.tiers import applying, mirrors, saying, watching
from onecity.kernel.tiers.mirrors import Mirror
from onecity.kernel.tiers.models import Act, Conflict, Outbox, Peer
from onecity.kernel.tiers.peers import Joined

pytestmark = pytest.mark.django_db
CODE, PATH = "990101001", "adm/990101/990101001/"
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> Joined:
    """This side is the district; the town writes rows of which both may say something once."""
    monkeypatch.setattr(mirrors, "_mirrors", {})
    mirrors.declare(Mirror("tiers_act", "up", said=("answered_at", "answer"), kind="act", title="actor_name"))
    installation = new_id()
    Peer.objects.create(
        code=CODE, direction="down", name="North", division_path=PATH, state="joined", installation=installation, slot=0
    )
    watching.install()
    return Joined(CODE, False, PATH, installation)


def row() -> Act:
    return Act.objects.create(
        peer_id=CODE,
        outgoing=False,
        case_id=new_id(),
        division_path=PATH,
        version=1,
        action="a",
        actor_name="Mill",
        at=NOON,
    )


def say(one: Act, minute: int, word: str) -> None:
    Act.objects.filter(id=one.id).update(answered_at=NOON + dt.timedelta(minutes=minute), answer=word)


def heard(one: Act, minute: int, word: str) -> dict[str, Any]:
    at = (NOON + dt.timedelta(minutes=minute)).isoformat()
    return {"table": "tiers_act", "id": str(one.id), "said": {"answered_at": at, "answer": word}}


def told() -> list[dict[str, Any]]:
    return list(Outbox.objects.filter(kind="said").order_by("id").values_list("body", flat=True))


def test_what_is_said_here_is_told_to_the_town_and_other_changes_are_not(town: Joined) -> None:
    one = row()
    Act.objects.filter(id=one.id).update(note="more")
    assert told() == []
    say(one, 5, "seen")
    (body,) = told()
    assert (body["table"], body["id"], body["said"]["answer"]) == ("tiers_act", str(one.id), "seen")


def test_the_town_s_word_is_taken_and_not_sent_back(town: Joined) -> None:
    one = row()
    applying._handle(town, "said", heard(one, 5, "seen"))
    one.refresh_from_db()
    assert (one.answer, one.answered_at) == ("seen", NOON + dt.timedelta(minutes=5))
    assert told() == []
    assert not Conflict.objects.exists()


@pytest.mark.parametrize(("minute", "holds", "winner"), [(3, "below", "town"), (9, "above", "district")])
def test_the_earlier_word_holds_and_both_are_listed_once(town: Joined, minute: int, holds: str, winner: str) -> None:
    one = row()
    say(one, 5, "above")
    for _twice in range(2):
        saying.apply(town, heard(one, minute, "below"))
    one.refresh_from_db()
    assert one.answer == holds
    (conflict,) = Conflict.objects.all()
    assert conflict.town is not None
    assert conflict.district is not None
    assert (conflict.winner, conflict.title, conflict.town["answer"], conflict.district["answer"]) == (
        winner, "Mill", "below", "above",
    )  # fmt: skip


def test_a_later_state_of_the_row_does_not_wipe_out_what_was_said_here(town: Joined) -> None:
    one = row()
    say(one, 5, "above")
    sent = {column.attname: getattr(one, column.attname) for column in Act._meta.concrete_fields}
    mirrors.apply(town, {"table": "tiers_act", "row": sent | {"note": "went on"}}, saying.settle)
    one.refresh_from_db()
    assert (one.note, one.answer) == ("went on", "above")


def test_words_on_rows_that_are_not_the_town_s_are_refused(town: Joined) -> None:
    one = row()
    Act.objects.filter(id=one.id).update(division_path="adm/990101/990101002/")
    for body in (
        heard(one, 5, "seen"),
        heard(Act(id=new_id()), 5, "seen"),
        heard(one, 5, "seen") | {"table": "people_account"},
    ):
        with pytest.raises(ValueError, match=r"known here|not mirrored"):
            saying.apply(town, body)
    one.refresh_from_db()
    assert one.answer == ""
