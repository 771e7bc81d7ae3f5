"""The residents' pages of applying, as the web's own database role: one topic a screen, nobody else's things, no script needed."""

import io
import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from onecity.domains.services.applying import appointments
from onecity.domains.services.applying.models import Appointment, Draft, Slot
from onecity.kernel.core.clock import FixedClock
from tests.services.conftest import District

pytestmark = pytest.mark.django_db
XSS = "<script>alert(1)</script>"


@pytest.fixture
def browse(district: District, request: pytest.FixtureRequest) -> Callable[[str], Client]:
    """A signed-in browser of a persona; what it does runs as the web's database role."""
    for persona in ("pensioner", "veteran", "graduate"):
        district.resident(persona)
    district.clerk()
    appointments.lay_out(3)
    request.getfixturevalue("app_role")

    def opened(persona: str) -> Client:
        client = Client()
        client.force_login(district.made[persona])
        return client

    return opened


def begin(client: Client) -> Draft:
    answer = client.post("/apply/elderly_allowance")
    assert answer.status_code == 302
    draft_id = answer["Location"].rsplit("/", 1)[-1]
    draft = Draft.objects.filter(id=draft_id).first()
    assert draft is None, "the wall shows nobody's draft outside of a request"
    return Draft(id=draft_id)


def through(client: Client) -> str:
    """The whole way of the allowance; returns the address of the application."""
    draft = begin(client)
    base = f"/apply/draft/{draft.id}"
    assert client.get(f"{base}/known").status_code == 200
    assert client.post(f"{base}/known", {}).status_code == 302
    answer = client.post(f"{base}/form-0", {"answer.phone": "13900000000", "answer.bank_account": "6222021234567890"})
    assert answer.status_code == 302, answer.content.decode()
    assert client.post(f"{base}/papers", {"commit": ["not_alive_elsewhere"]}).status_code == 302
    answer = client.post(f"{base}/check", {})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_from_the_question_to_the_certificate_without_a_script(browse: Callable[[str], Client]) -> None:
    client = browse("pensioner")
    page = client.get("/apply/elderly_allowance").content.decode()
    assert "年满70周岁" in page
    address = through(client)
    page = client.get(address).content.decode()
    assert "已批准，办结" in page
    assert "共3项材料，其中2项您无需提交" in page
    assert "依据第2条规则：年满70周岁。" in page
    mine = client.get("/my").content.decode()
    assert "敬老卡" in mine
    found = re.search(r"/my/certificates/[0-9a-f-]{36}", mine)
    assert found is not None
    shown = client.get(found.group(0)).content.decode()
    assert "<svg" in shown
    assert "180" in shown


def test_what_is_fetched_is_shown_with_its_source(browse: Callable[[str], Client]) -> None:
    client = browse("pensioner")
    draft = begin(client)
    page = client.get(f"/apply/draft/{draft.id}/known").content.decode()
    assert "取自共享数据 · 人口与户籍" in page
    assert "户籍地址" in page
    form = client.get(f"/apply/draft/{draft.id}/form-0").content.decode()
    assert "已从“人口与户籍”自动填入" in form


def test_a_second_click_on_send_leads_to_the_same_application(browse: Callable[[str], Client]) -> None:
    client = browse("pensioner")
    draft = begin(client)
    base = f"/apply/draft/{draft.id}"
    client.post(f"{base}/form-0", {"answer.bank_account": "6222021234567890"})
    client.post(f"{base}/papers", {"commit": ["not_alive_elsewhere"]})
    first = client.post(f"{base}/check", {})["Location"]
    second = client.post(f"{base}/check", {})["Location"]
    assert first == second
    mine = client.get("/my").content.decode()
    assert len(set(re.findall(r"/my/applications/[0-9-]+", mine))) == 1


def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(browse: Callable[[str], Client]) -> None:
    client = browse("pensioner")
    draft = begin(client)
    answer = client.post(f"/apply/draft/{draft.id}/form-0", {"answer.phone": XSS, "answer.bank_account": "12"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert XSS not in page
    assert 'value="12"' in page


def test_nothing_of_others_is_shown_or_touched(browse: Callable[[str], Client]) -> None:
    owner, stranger = browse("pensioner"), browse("veteran")
    address = through(owner).partition("?")[0]
    draft = begin(browse("graduate"))
    for path in (address, f"/apply/draft/{draft.id}", f"/apply/draft/{draft.id}/check", f"/my/certificates/{uuid4()}"):
        assert stranger.get(path).status_code == 404, path
    for what in ("withdraw", "correct", "appeal", "rate"):
        assert stranger.post(f"{address}/{what}", {"text": "x", "stars": "1"}).status_code == 404
    assert stranger.post(f"/apply/draft/{draft.id}/check", {}).status_code == 404
    assert stranger.get("/my/data").content.decode().count("人口与户籍") == 0


def test_numbers_cannot_be_tried_out(browse: Callable[[str], Client]) -> None:
    owner, stranger = browse("pensioner"), browse("veteran")
    address = through(owner).partition("?")[0]
    taken = stranger.get(address)
    free = stranger.get("/my/applications/2026-999999")
    assert (taken.status_code, free.status_code) == (404, 404)
    strip = re.compile(
        r"nonce=\"[^\"]+\"|name=\"csrfmiddlewaretoken\" value=\"[^\"]+\"|2026-\d{6}|data-cursor=\"[^\"]+\"|Path: [^<]+"
    )
    assert strip.sub("", taken.content.decode()) == strip.sub("", free.content.decode())


def test_without_the_token_of_the_form_nothing_is_done(browse: Callable[[str], Client], district: District) -> None:
    browse("pensioner")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(district.made["pensioner"])
    assert strict.post("/apply/elderly_allowance").status_code == 403


def test_words_and_file_names_never_become_markup(browse: Callable[[str], Client]) -> None:
    client = browse("pensioner")
    draft = begin(client)
    base = f"/apply/draft/{draft.id}"
    client.post(f"{base}/known", {"dispute": "household_book", "text": XSS, "stay": "1"})
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    name = "<img src=x onerror=alert(1)>.png"
    sent = client.post(f"{base}/papers", {"file.household_book": SimpleUploadedFile(name, picture.getvalue())})
    assert sent.status_code == 302
    page = client.get(f"{base}/papers").content.decode()
    assert "<img src=x" not in page
    assert XSS not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    found = re.search(rf"{base}/files/[0-9a-f]{{64}}", page)
    assert found is not None
    file = client.get(found.group(0))
    assert (file.status_code, file["Content-Type"]) == (200, "image/jpeg")
    assert file["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert browse("veteran").get(found.group(0)).status_code == 404


def test_a_file_that_is_none_of_those_taken_is_refused(browse: Callable[[str], Client]) -> None:
    client = browse("pensioner")
    draft = begin(client)
    base = f"/apply/draft/{draft.id}"
    client.post(f"{base}/known", {"dispute": "household_book", "text": "已迁居", "stay": "1"})
    page = b"<html><script>alert(1)</script></html>"
    sent = client.post(f"{base}/papers", {"file.household_book": SimpleUploadedFile("户口簿.png", page)})
    assert sent.status_code == 422
    assert "files/" not in client.get(f"{base}/papers").content.decode()


def test_my_data_and_every_question_about_me(browse: Callable[[str], Client]) -> None:
    client = browse("pensioner")
    begin(client)
    page = client.get("/my/data").content.decode()
    assert "办理“高龄津贴申领”" in page
    assert "老年人权益保障法 第三十三条" in page
    shown = client.post("/my/data").content.decode()
    assert "不动产登记" in shown
    assert "本人查询" in shown
    wrong = client.post("/my/data", {"register": "household", "text": "户籍地址应为人民路1号"})
    assert wrong.status_code == 302
    assert client.post("/my/data", {"register": "nothing", "text": "x"}).status_code == 422


def test_ratings_at_every_step_and_an_appeal(browse: Callable[[str], Client], district: District) -> None:
    client = browse("pensioner")
    address = through(client).partition("?")[0]
    assert client.post(f"{address}/rate", {"stars": "5"}).status_code == 302
    assert client.post(f"{address}/rate", {"stars": "1"}).status_code == 409
    assert client.post(f"{address}/rate", {"stars": "9"}).status_code in {409, 422}
    assert client.post(f"{address}/appeal", {"text": ""}).status_code == 422
    assert client.post(f"{address}/appeal", {"text": "我已满80周岁"}).status_code == 302
    assert "已受理，编号" in client.get(address).content.decode()
    assert client.post(f"{address}/withdraw").status_code == 409


def test_appointments_are_booked_once_called_off_and_given_free(
    browse: Callable[[str], Client], district: District, clock: FixedClock
) -> None:
    client = browse("pensioner")
    page = client.get("/my/appointments").content.decode()
    slot = re.search(r'name="slot" value="([0-9a-f-]{36})"', page)
    assert slot is not None
    for _click in range(2):
        assert client.post("/my/appointments", {"slot": slot.group(1)}).status_code == 302
    assert Slot.objects.get(id=slot.group(1)).booked == 1
    mine = client.get("/my/appointments").content.decode()
    cancel = re.search(r"/my/appointments/[0-9a-f-]{36}/cancel", mine)
    assert cancel is not None
    assert browse("veteran").post(cancel.group(0)).status_code == 404
    assert client.post(cancel.group(0)).status_code == 302
    assert Slot.objects.get(id=slot.group(1)).booked == 0


def test_a_place_nobody_came_for_is_given_free(district: District, clock: FixedClock) -> None:
    account = district.resident("pensioner")
    appointments.lay_out(1)
    slot = appointments.free()[0]
    made = appointments.book(slot.id, account)
    assert appointments.release_missed() == 0
    clock.set(slot.begins_at + appointments.GRACE * 2)
    assert appointments.release_missed() == 1
    made.refresh_from_db()
    slot.refresh_from_db()
    assert (made.state, slot.booked) == ("missed", 0)
    assert Appointment.objects.count() == 1
