"""What everybody may read: never who reported it, words and photos only once a person released them, places as roughly as
the kind says, also for whoever asks in smaller and smaller boxes; the pages and Open311 say the same."""

import json
import math
from io import BytesIO

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from PIL import Image

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import attachments, service
from onecity.kernel.cases.intake.open311 import published
from onecity.kernel.cases.models import Attachment, Case, CaseEvent, Release
from onecity.kernel.cases.publishing import reading, releasing
from onecity.kernel.cases.publishing.reading import Wanted
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.tests.conftest import VILLAGE_A, Town, litter
from onecity.kernel.core.errors import Problem

LON, LAT = 121.412345, 30.912345
SECRETS = ("张三", "13800000000", "张三家", "秘密标题")


def photo(colour: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG")
    return out.getvalue()


def reported(kind: str = "litter", *, hidden: bool = False, **more: object) -> Case:
    return service.open_case(
        litter(
            type_name=kind, title="秘密标题", description="张三家门口有垃圾", address="环城路 42 号", lon=LON, lat=LAT,
            reporter=Person(name="张三", phone="13800000000", hidden=hidden), **more,
        )
    )  # fmt: skip


def all_pages(client: Client, case: Case) -> str:
    """Everything that somebody without an account can fetch about a case."""
    addresses = (
        "/nearby?days=365", f"/nearby/{case.number}", "/nearby/points", "/open311/v2/requests.json?extensions=true",
        f"/open311/v2/requests/{case.number}.xml",
    )  # fmt: skip
    return "\n".join(client.get(address).content.decode() for address in addresses)


def test_the_facts_are_public_and_nothing_that_anybody_wrote(open_town: Town, client: Client, app_role: None) -> None:
    case = reported()
    told = all_pages(client, case)
    assert [word for word in SECRETS if word in told] == []
    assert case.number in told
    [row] = reading.find(Wanted(numbers=(case.number,)))
    assert (row.title, row.words, row.photos, row.address) == ("Litter", "", (), "环城路 42 号")
    assert (row.lon, row.lat, row.office) == (LON, LAT, "城运中心a")


@pytest.mark.parametrize("kind", ["inner", "silent"])
def test_what_is_not_public_answers_like_nothing(open_town: Town, client: Client, app_role: None, kind: str) -> None:
    case = reported(kind)
    assert reading.find(Wanted()) == []
    answers = [client.get(f"/nearby/{number}") for number in (case.number, "2026-999999")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert case.number not in answers[0].content.decode().replace(f"/nearby/{case.number}", "")
    assert json.loads(client.get("/nearby/points").content)["features"] == []


def test_facts_alone_have_no_place(open_town: Town, client: Client) -> None:
    case = reported("facts")
    [row] = reading.find(Wanted())
    assert (row.lon, row.lat, row.address) == (None, None, "")
    assert "环城路" not in all_pages(client, case)
    with pytest.raises(Problem) as refused:
        releasing.release_words(case.id, open_town["verifier_a"], "有垃圾")
    assert refused.value.status == 409


def test_a_rough_place_cannot_be_narrowed_down(open_town: Town) -> None:
    reported("rough")
    [row] = reading.find(Wanted())
    assert row.address == "环城路"
    assert row.lon is not None
    assert row.lat is not None
    off = math.hypot((row.lon - LON) * math.cos(math.radians(LAT)), row.lat - LAT) * 111_320
    assert 0 < off < 500
    # every other case of the same cell is shown at the same point
    reported("rough", source_key="second")
    assert len({(one.lon, one.lat) for one in reading.find(Wanted())}) == 1
    tiny = 1e-5
    assert reading.find(Wanted(box=(LON - tiny, LAT - tiny, LON + tiny, LAT + tiny))) == []
    assert len(reading.find(Wanted(box=(row.lon - tiny, row.lat - tiny, row.lon + tiny, row.lat + tiny)))) == 2


def test_who_hides_is_shown_without_a_place(open_town: Town, client: Client) -> None:
    case = reported(hidden=True)
    [row] = reading.find(Wanted())
    assert (row.lon, row.address, row.words) == (None, "", "")
    releasing.release_words(case.id, open_town["verifier_a"], "有垃圾")
    assert reading.find(Wanted())[0].words == ""
    assert "环城路" not in all_pages(client, case)


def test_words_and_photos_are_released_by_a_person_and_taken_back(open_town: Town, client: Client) -> None:
    case, account = reported(), open_town["verifier_a"]
    file = attachments.attach(case.id, "a.jpg", photo(), None)
    assert client.get(f"/nearby/{case.number}/photos/{file.id}").status_code == 404
    with pytest.raises(Problem) as refused:
        releasing.release_words(case.id, open_town["handler_a"], "有垃圾")
    assert refused.value.status == 403
    client.force_login(account)
    page = client.get(f"/desk/cases/{case.id}").content.decode()
    assert f"/desk/cases/{case.id}/publish" in page
    at = f"/desk/cases/{case.id}/publish"
    assert client.post(at, {"action": "words", "text": "门口有垃圾，电话13911112222"}).status_code == 302
    assert client.post(at, {"action": "photo", "photo": str(file.id)}).status_code == 302
    assert client.post(at, {"action": "photo", "photo": str(file.id)}).status_code == 302
    client.logout()
    [row] = reading.find(Wanted())
    assert (row.words, row.photos) == ("门口有垃圾，电话139****2222", (file.id,))
    shown = client.get(f"/nearby/{case.number}")
    assert "门口有垃圾" in shown.content.decode()
    got = client.get(f"/nearby/{case.number}/photos/{file.id}")
    assert (got.status_code, got["Content-Type"]) == (200, file.media_type)
    [request] = published.find(published.Wanted())
    assert request["description"] == row.words
    assert request["media_url"].endswith(f"/nearby/{case.number}/photos/{file.id}")
    for one in list(Release.objects.filter(withdrawn_at__isnull=True)):
        releasing.withdraw(case.id, one.id, account)
    assert client.get(f"/nearby/{case.number}/photos/{file.id}").status_code == 404
    assert reading.find(Wanted())[0].words == ""
    actions = [e.action for e in CaseEvent.objects.filter(case=case).order_by("version")]
    assert actions == ["open", "attach", "published", "published", "withdrawn", "withdrawn"]
    assert AuditEvent.objects.filter(action="cases.published", actor_id=account.id).count() == 2


def test_new_words_take_the_place_of_the_old_ones(open_town: Town) -> None:
    case, account = reported(), open_town["verifier_a"]
    releasing.release_words(case.id, account, "第一稿")
    releasing.release_words(case.id, account, "第二稿")
    assert reading.find(Wanted())[0].words == "第二稿"
    assert Release.objects.filter(case=case, withdrawn_at__isnull=True).count() == 1
    for text in ("", " ", "字" * 2001, "a\0b"):
        with pytest.raises(Problem) as refused:
            releasing.release_words(case.id, account, text)
        assert refused.value.status == 422
    assert reading.find(Wanted())[0].words == "第二稿"


def test_only_photos_of_the_case_itself_are_released(open_town: Town) -> None:
    case, other, account = reported(), reported(source_key="other"), open_town["verifier_a"]
    theirs = attachments.attach(other.id, "b.jpg", photo("blue"), None)
    paper = attachments.attach(case.id, "c.pdf", b"%PDF-1.4\n%%EOF\n", None)
    for wanted in (theirs.id, paper.id):
        with pytest.raises(Problem) as refused:
            releasing.release_photo(case.id, wanted, account)
        assert refused.value.status == 422
    assert Release.objects.count() == 0


def test_the_wall_lets_nobody_release_without_the_right(open_town: Town) -> None:
    case = reported()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    try:
        with acting_as(open_town["handler_a"].id), pytest.raises(DatabaseError), transaction.atomic():
            Release.objects.create(case=case, text="偷放", by_id=case.id, by_name="x")
        with acting_as(None):
            assert Attachment.objects.count() == Release.objects.count() == 0
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def test_the_list_narrows_by_kind_state_place_and_point(open_town: Town, client: Client) -> None:
    near, far = reported(), service.open_case(litter(lon=LON + 0.02, lat=LAT, division_path=VILLAGE_A))
    facts = reported("facts")
    done = service.open_case(litter(lon=LON, lat=LAT))
    service.act(done.id, "cancel", None, "撤回")

    def numbers(query: str) -> list[str]:
        page = client.get(f"/nearby?{query}").content.decode()
        found = {c.number: page.find(f'/nearby/{c.number}"') for c in (near, far, facts, done)}
        return sorted((n for n, at in found.items() if at >= 0), key=lambda n: found[n])

    assert numbers("") == [done.number, facts.number, far.number, near.number]
    assert numbers("kind=facts") == [facts.number]
    assert numbers("state=ended") == [done.number]
    assert set(numbers("state=running")) == {near.number, far.number, facts.number}
    assert set(numbers(f"lon={LON}&lat={LAT}&radius=1000")) == {near.number, done.number}
    assert numbers(f"lon={LON + 0.019}&lat={LAT}&radius=3000")[0] == far.number
    assert numbers("page=2") == []
    for wrong in ("kind=nothing", "lon=x&lat=y", "page=-1", "page=99999999999", "days=9", "radius=1e9&lon=1&lat=1"):
        assert client.get(f"/nearby?{wrong}").status_code == 200
    features = json.loads(client.get("/nearby/points?state=running").content)["features"]
    assert {f["properties"]["id"] for f in features} == {near.number, far.number}
