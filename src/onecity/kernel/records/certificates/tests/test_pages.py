"""The pages: anybody verifies in both languages without JavaScript, holders take copies, the desk revokes after a second look."""

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.people.models import Account
from onecity.kernel.records.certificates import asking, copies, holding, issuing, states
from onecity.kernel.records.certificates.logic import sdjwt, statuslist
from onecity.kernel.records.certificates.signing import token_of
from onecity.kernel.records.certificates.tests.conftest import IDENTITY, Ask
from onecity.kernel.records.keys import es256
from onecity.kernel.records.models import AnnotatedCopy, Certificate, CertificateEvent

pytestmark = pytest.mark.django_db
DAY = dt.datetime(2026, 6, 1, 4, tzinfo=dt.UTC)
NOBODY = "1.2.156.3005.2.11990000MA0000001K003.11990000MA0000002N.A.010.G"


@pytest.fixture(autouse=True)
def clock() -> Iterator[FixedClock]:
    cache.clear()
    with use_clock(FixedClock(DAY)) as fixed:
        yield fixed


@pytest.fixture
def made(ask: Ask, resident: Account) -> Certificate:
    return issuing.issue(ask(account_id=resident.id, issuer_name="和平镇"), issued_by=None)


def client_of(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    return client


class TestVerify:
    def test_by_number_in_both_languages(self, made: Certificate, client: Client) -> None:
        page = client.get("/verify", {"number": made.number}).content.decode()
        assert "此证照有效" in page
        assert "林**" in page
        assert IDENTITY not in page
        english = client.get("/verify", {"number": made.number}, headers={"accept-language": "en"}).content.decode()
        assert "This certificate is valid" in english
        assert "Residence certificate" in english

    def test_a_revocation_is_on_the_next_page(self, made: Certificate, client: Client) -> None:
        assert "此证照有效" in client.get("/verify", {"number": made.number}).content.decode()
        states.revoke(made.id, None, "Fraud")
        response = client.get("/verify", {"number": made.number})
        assert "此证照已被吊销" in response.content.decode()
        assert response["Cache-Control"] == "no-store"

    def test_by_token_and_by_file(self, made: Certificate, client: Client) -> None:
        shown = holding.present(made, ["age_over_18"])
        page = client.post("/verify", {"how": "token", "token": shown}).content.decode()
        assert "此证照有效" in page
        assert "已满 18 周岁" in page
        file = SimpleUploadedFile("a.pdf", copies.pdf(made), "application/pdf")
        assert "此证照有效" in client.post("/verify", {"how": "file", "file": file}).content.decode()

    @pytest.mark.parametrize(
        ("form", "status"),
        [({"how": "token", "token": ""}, 422), ({"how": "token", "token": "x" * 40_000}, 422), ({"how": "file"}, 422),
         ({"how": "file", "file": ("a.pdf", b"x" * 5_000_001)}, 422), ({"how": "other"}, 200), ({}, 200)],
    )  # fmt: skip
    def test_what_is_missing_or_too_large_is_said(self, client: Client, form: dict[str, object], status: int) -> None:
        sent = {n: SimpleUploadedFile(*v) if isinstance(v, tuple) else v for n, v in form.items()}
        assert client.post("/verify", sent).status_code == status

    def test_a_name_with_markup_stays_text(self, ask: Ask, client: Client) -> None:
        holder = issuing.Holder("company", "<script>alert(1)</script>", "91990000MA0000003H")
        made = issuing.issue(
            ask(type_code="food-permit", holder=holder, claims={"scope": "<img src=x onerror=alert(1)>"}),
            issued_by=None,
        )
        page = client.get("/verify", {"number": made.number}).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_numbers_cannot_be_tried_out(self, made: Certificate, client: Client) -> None:
        answers = [client.get("/verify", {"number": NOBODY}).status_code for _n in range(asking.MISSES.most + 3)]
        assert answers == [200] * (asking.MISSES.most + 1) + [429] * 2
        assert client.get("/verify", {"number": made.number}).status_code == 429
        assert client.post("/verify", {"how": "token", "token": token_of(made)}).status_code == 429

    def test_nor_inside_forgeries(self, made: Certificate, client: Client) -> None:
        header, payload, signature = made.signed.split(".")
        forged = json.dumps(json.loads(sdjwt.decode(payload)) | {"jti": NOBODY}).encode()
        token = f"{header}.{sdjwt.encode(forged)}.{signature}~"
        for _n in range(asking.MISSES.most + 1):
            assert "系伪造" in client.post("/verify", {"how": "token", "token": token}).content.decode()
        assert client.post("/verify", {"how": "token", "token": token}).status_code == 429
        assert client.get("/verify", {"number": made.number}).status_code == 429


class TestPublished:
    def test_keys_types_and_states_can_be_read_by_programs(self, made: Certificate, client: Client) -> None:
        keys = client.get("/.well-known/jwt-vc-issuer").json()
        parsed = sdjwt.parse(made.signed)
        assert keys["issuer"] == parsed.payload["iss"]
        assert [key["kid"] for key in keys["jwks"]["keys"]] == [parsed.header["kid"]]
        assert "d" not in keys["jwks"]["keys"][0]
        base = keys["issuer"]
        kind = client.get(parsed.payload["vct"].removeprefix(base)).json()
        assert kind["vct"] == parsed.payload["vct"]
        assert kind["display"][0] == {"locale": "zh-CN", "name": "居住证明"}
        assert ["age_over_18"] in [claim["path"] for claim in kind["claims"]]
        states.suspend(made.id, None, "Lost")
        place = parsed.payload["status"]["status_list"]
        response = client.get(place["uri"].removeprefix(base))
        assert response["Content-Type"] == "application/statuslist+jwt"
        header, payload, data, signature = sdjwt.take_apart(response.content.decode())
        assert header["typ"] == "statuslist+jwt"
        assert es256.verify(keys["jwks"]["keys"][0], data, signature)
        assert payload["sub"] == place["uri"]
        assert payload["ttl"] < 5
        assert statuslist.get(statuslist.read(payload["status_list"])[0], place["idx"]) == statuslist.SUSPENDED

    def test_what_is_not_there(self, client: Client, kinds: None) -> None:
        for address in (
            "/certificates/types/nothing/1",
            "/certificates/types/residence/9",
            "/certificates/status/99999999",
        ):
            assert client.get(address).status_code == 404
        assert b"BEGIN CERTIFICATE" in client.get("/certificates/root.pem").content


class TestHolder:
    def test_shows_takes_and_copies(self, made: Certificate, resident: Account) -> None:
        client = client_of(resident)
        page = client.get(f"/certificates/{made.id}").content.decode()
        assert "1990-03-07" in page
        assert "<svg" in page
        token = client.get(f"/certificates/{made.id}/token", {"show": "age_over_18"}).content.decode()
        assert token == holding.present(made, ["age_over_18"])
        assert client.get(f"/certificates/{made.id}/token", {"show": "salary"}).status_code == 422
        assert client.get(f"/certificates/{made.id}/pdf").content.startswith(b"%PDF-")
        form = {"purpose": "办理入学", "used_by": "和平小学", "days": "7"}
        assert client.post(f"/certificates/{made.id}/copies", form).status_code == 302
        assert client.post(f"/certificates/{made.id}/copies", form | {"purpose": " "}).status_code == 422
        copy = AnnotatedCopy.objects.get()
        assert copy.usable_until == DAY + dt.timedelta(days=7)
        assert client.get(f"/certificates/copies/{copy.id}").content.startswith(b"%PDF-")
        assert copy.looks.count() == 1

    def test_nobody_else_opens_it(self, made: Certificate, officer: Account, stranger: Account) -> None:
        for account in (officer, stranger):
            client = client_of(account)
            for rest in ("", "/pdf", "/token"):
                assert client.get(f"/certificates/{made.id}{rest}").status_code == 404
            assert client.post(f"/certificates/{made.id}/copies", {}).status_code == 404
        assert Client().get(f"/certificates/{made.id}").status_code == 302


class TestDesk:
    def test_found_by_number_name_and_identity(self, made: Certificate, officer: Account, stranger: Account) -> None:
        client = client_of(officer)
        for text in (made.number, made.number.lower(), "林小雨", "林", IDENTITY, made.serial):
            page = client.get("/desk/certificates", {"q": text}).content.decode()
            assert made.number in page, text
            assert "林小雨" not in page.replace('value="林小雨"', "")
        for query in ({"q": "王"}, {"q": IDENTITY[:-1]}, {"state": "revoked"}, {"type": "food-permit"}):
            found = client.get("/desk/certificates", query)
            assert found.status_code == 200
            assert made.number not in found.content.decode()
        assert made.number not in client_of(stranger).get("/desk/certificates").content.decode()
        assert client_of(stranger).get(f"/desk/certificates/{made.id}").status_code == 404

    def test_revoked_after_a_second_look(self, made: Certificate, officer: Account) -> None:
        client = client_of(officer)
        address = f"/desk/certificates/{made.id}/act"
        form = {"action": "revoke", "reason": "Given by mistake"}
        asked = client.post(address, form).content.decode()
        assert "确定吊销" in asked
        assert Certificate.objects.get().state == "valid"
        assert client.post(address, {"action": "revoke", "reason": " ", "confirmed": "yes"}).status_code == 422
        assert client.post(address, form | {"action": "delete", "confirmed": "yes"}).status_code == 422
        assert CertificateEvent.objects.count() == 1
        assert client.post(address, form | {"confirmed": "yes"}).status_code == 302
        page = client.get(f"/desk/certificates/{made.id}").content.decode()
        assert "Given by mistake" in page
        assert officer.display_name in page
        assert client.post(address, form | {"action": "resume", "confirmed": "yes"}).status_code == 409

    def test_the_number_in_clear_once_and_with_a_purpose(self, made: Certificate, officer: Account) -> None:
        client = client_of(officer)
        address = f"/desk/certificates/{made.id}/reveal"
        assert IDENTITY not in client.get(f"/desk/certificates/{made.id}").content.decode()
        assert client.post(address, {"purpose": ""}).status_code == 422
        assert IDENTITY in client.post(address, {"purpose": "Complaint 7"}).content.decode()

    def test_not_without_the_right(self, made: Certificate, resident: Account) -> None:
        client = client_of(resident)
        assert client.get("/desk/certificates").status_code == 403
        assert client.post(f"/desk/certificates/{made.id}/act", {"action": "revoke", "reason": "x"}).status_code == 403


def test_a_token_that_is_pasted_with_line_breaks_is_read(made: Certificate, client: Client) -> None:
    text = token_of(made)
    broken = "\n".join(text[n : n + 60] for n in range(0, len(text), 60))
    assert "此证照有效" in client.post("/verify", {"how": "token", "token": broken}).content.decode()
