"""Certificates are issued once, whole and signed, or not at all."""

import datetime as dt
from itertools import pairwise

import pytest
from django.db import connection

from onecity.kernel.core.errors import Problem
from onecity.kernel.records import identifiers
from onecity.kernel.records.certificates import issuing, sealing
from onecity.kernel.records.certificates.issuing import Holder
from onecity.kernel.records.certificates.tests.conftest import DEFINING, IDENTITY, ISSUER, PATH, Ask
from onecity.kernel.records.models import Certificate, CertificateEvent

pytestmark = pytest.mark.django_db


def test_a_certificate_has_number_holder_state_and_history(ask: Ask) -> None:
    made = issuing.issue(ask(), issued_by=None)
    row = Certificate.objects.get(id=made.id)
    number = identifiers.parse(row.number)
    assert (number.defining_uscc, number.type_number, number.issuer_uscc, number.version) == (
        DEFINING,
        "001",
        ISSUER,
        1,
    )
    assert len(number.serial) == 16
    assert (row.state, row.step, row.holder_name, row.division_path) == ("valid", 1, "林小雨", PATH)
    assert row.claims == {"town": "和平镇", "persons": 3}
    inside = sealing.unseal(row.id, row.sealed)
    assert inside.identity == IDENTITY
    assert inside.claims == {"birthday": "1990-03-07", "address": "和平路 1 号"}
    assert list(row.events.values_list("step", "action", "from_state", "to_state")) == [(1, "issue", "", "valid")]


def test_no_column_tells_what_is_sensitive(ask: Ask) -> None:
    made = issuing.issue(ask(), issued_by=None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM records_certificate c WHERE id = %s", [made.id])
        text = cursor.fetchone()[0]
    for secret in (IDENTITY, "1990-03-07", "和平路"):
        assert secret not in text


def test_the_same_source_gives_the_same_certificate(ask: Ask) -> None:
    first = issuing.issue(ask("case:7"), issued_by=None)
    again = issuing.issue_many([ask("case:7"), ask("case:8"), ask("case:7")], issued_by=None)
    assert [row.id == first.id for row in again] == [True, False, True]
    assert Certificate.objects.count() == 2
    assert CertificateEvent.objects.count() == 2


def test_a_source_is_not_used_for_somebody_else(ask: Ask) -> None:
    issuing.issue(ask("case:7"), issued_by=None)
    other = ask("case:7", holder=Holder("person", "王二", "990101198001014519"))
    with pytest.raises(Problem) as refused:
        issuing.issue(other, issued_by=None)
    assert refused.value.status == 409
    assert Certificate.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"claims": {"address": "x", "town": "y"}}, "claims.birthday"),
        ({"claims": {"birthday": "07.03.1990", "address": "x", "town": "y"}}, "claims.birthday"),
        ({"claims": {"birthday": "1990-03-07", "address": "x\ny", "town": "y"}}, "claims.address"),
        ({"claims": {"birthday": "1990-03-07", "address": "x", "town": "y", "persons": True}}, "claims.persons"),
        ({"claims": {"birthday": "1990-03-07", "address": "x", "town": "y", "salary": 1}}, "claims.salary"),
        ({"issuer_uscc": "11990000MA0000002M"}, "issuer_uscc"),
        ({"holder": Holder("person", " ", IDENTITY)}, "holder.name"),
        ({"holder": Holder("person", "林", "")}, "holder.identity"),
        ({"holder": Holder("company", "公司", "91990000MA0000003X")}, "holder.identity"),
        ({"valid_until": dt.date(2025, 1, 1)}, "valid_until"),
        ({"source_key": "x" * 201}, "source_key"),
        ({"holder_key": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}, "holder_key"),
    ],
)
def test_a_wrong_request_is_refused_with_its_field(ask: Ask, changed: dict[str, object], field: str) -> None:
    with pytest.raises(Problem) as refused:
        issuing.issue_many([ask(**changed)], issued_by=None)
    assert refused.value.status == 422
    assert field in [error.field for error in refused.value.errors]
    assert Certificate.objects.count() == 0


def test_one_wrong_request_of_many_keeps_all_back(ask: Ask) -> None:
    with pytest.raises(Problem) as refused:
        issuing.issue_many([ask(), ask(issuer_uscc="?")], issued_by=None)
    assert {error.field for error in refused.value.errors} == {"requests.1.issuer_uscc"}
    assert Certificate.objects.count() == 0


def test_serials_are_scattered_and_each_is_there_once(ask: Ask) -> None:
    rows = issuing.issue_many([ask() for _n in range(200)], issued_by=None)
    assert len({row.serial for row in rows}) == 200
    steps = {abs(int(a.serial) - int(b.serial)) for a, b in pairwise(rows)}
    assert min(steps) > 1000
