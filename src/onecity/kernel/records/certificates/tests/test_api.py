"""Verification and steps over HTTP, as other systems use them."""

import json
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.people.models import Account
from onecity.kernel.records.certificates import asking, copies, holding, issuing
from onecity.kernel.records.certificates.tests.conftest import Ask
from onecity.kernel.records.certificates.tests.test_pages import DAY, NOBODY, client_of
from onecity.kernel.records.models import Certificate

pytestmark = pytest.mark.django_db
BASE = "/api/records/certificates"


@pytest.fixture(autouse=True)
def clock() -> Iterator[FixedClock]:
    with use_clock(FixedClock(DAY)) as fixed:
        yield fixed


@pytest.fixture
def made(ask: Ask, resident: Account) -> Certificate:
    return issuing.issue(ask(account_id=resident.id), issued_by=None)


def post(client: Client, path: str, **body: object) -> tuple[int, dict[str, object]]:
    response = client.post(f"{BASE}{path}", json.dumps(body), content_type="application/json")
    return response.status_code, response.json()


def test_a_verdict_has_state_steps_and_what_may_be_seen(made: Certificate, client: Client) -> None:
    status, told = post(client, "/verify", number=made.number)
    assert (status, told["state"], told["valid"]) == (200, "valid", True)
    certificate = told["certificate"]
    assert isinstance(certificate, dict)
    assert (certificate["holder"], certificate["title_en"]) == ("林**", "Residence certificate")
    assert certificate["claims"] == [{"title_zh": "街镇", "title_en": "Town", "value": "和平镇"}]
    status, told = post(client, "/verify", token=holding.present(made, ["age_over_18"]))
    assert (status, told["state"]) == (200, "valid")
    status, told = post(client, "/verify", token=holding.present(made, []), nonce="n", audience="a")
    assert (status, told["state"]) == (200, "forged")
    assert post(client, "/verify")[1]["state"] == "unknown"
    assert post(client, "/verify", number="x" * 201)[0] == 422


def test_a_file(made: Certificate, client: Client) -> None:
    data = copies.pdf(made)
    for sent, state in ((data, "valid"), (data + b" ", "altered"), (b"text", "unknown")):
        file = SimpleUploadedFile("a.pdf", sent, "application/pdf")
        assert client.post(f"{BASE}/verify/file", {"file": file}).json()["state"] == state


def test_too_many_numbers_that_do_not_exist(client: Client, kinds: None) -> None:
    for _n in range(asking.MISSES.most + 1):
        assert post(client, "/verify", number=NOBODY)[0] == 200
    response = client.post(f"{BASE}/verify", json.dumps({"number": NOBODY}), content_type="application/json")
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_a_holder_reads_his_own(made: Certificate, resident: Account, officer: Account) -> None:
    client = client_of(resident)
    assert [one["id"] for one in client.get(f"{BASE}/mine").json()] == [str(made.id)]
    response = client.get(f"{BASE}/mine/{made.id}/token?show=age_over_18").json()
    assert response["token"] == holding.present(made, ["age_over_18"])
    assert client.get(f"{BASE}/mine/{made.id}/token?show=salary").status_code == 422
    assert client_of(officer).get(f"{BASE}/mine/{made.id}/token").status_code == 404
    assert Client().get(f"{BASE}/mine").status_code == 401


def test_steps_by_those_in_charge_alone(
    made: Certificate, officer: Account, stranger: Account, resident: Account
) -> None:
    assert post(client_of(resident), f"/{made.id}/revoke", reason="x")[0] == 403
    assert post(client_of(stranger), f"/{made.id}/revoke", reason="x")[0] == 403
    assert post(client_of(officer), f"/{made.id}/destroy", reason="x")[0] == 422
    assert post(client_of(officer), f"/{made.id}/suspend", reason="Lost")[1]["state"] == "suspended"
    assert post(client_of(officer), f"/{made.id}/suspend", reason="Lost")[0] == 200
    assert post(client_of(officer), f"/{made.id}/revoke", reason="Fraud")[1]["state"] == "revoked"
    assert post(client_of(officer), f"/{made.id}/resume", reason="?")[0] == 409
