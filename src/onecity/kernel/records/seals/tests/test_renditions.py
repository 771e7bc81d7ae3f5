"""The OFD of a certificate: sealed by the platform when first asked for, the same again afterwards, verified by everybody."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from onecity.kernel.access.session import acting_as
from onecity.kernel.core.errors import Problem
from onecity.kernel.places.models import Division
from onecity.kernel.records.certificates import issuing, states, types
from onecity.kernel.records.certificates.issuing import Holder, IssueRequest
from onecity.kernel.records.certificates.tests import conftest as certificates
from onecity.kernel.records.certificates.tests.conftest import IDENTITY, ISSUER
from onecity.kernel.records.models import Certificate, Rendition, Seal, SealGrant, SealUse
from onecity.kernel.records.ofd.tests import stamped as sample
from onecity.kernel.records.seals import demonstration, renditions, service
from onecity.kernel.records.seals.tests.conftest import PATH, Office


@pytest.fixture
def made(office: Office) -> Certificate:
    Division.objects.create(
        tree="adm", code="990101", name="测试区", level="district", path=PATH, valid_from=dt.date(2000, 1, 1)
    )
    types.install(certificates.RESIDENCE, certificates.FOOD)
    request = IssueRequest(
        type_code="residence",
        holder=Holder("person", "林小雨", IDENTITY, office.resident.id),
        issuer_uscc=ISSUER,
        source_key="case:ofd",
        claims={"birthday": "1990-03-07", "address": "和平路 1 号", "town": "和平镇", "persons": 3},
        valid_from=dt.date(2026, 1, 1),
        valid_until=dt.date(2099, 12, 31),
    )
    return issuing.issue(request, issued_by=None)


def test_the_holder_takes_a_sealed_ofd_and_everybody_can_check_it(office: Office, made: Certificate) -> None:
    holder = Client(headers={"accept-language": "zh-hans"})
    holder.force_login(office.resident)
    address = reverse("records:certificate_ofd", args=[made.id])
    first = holder.get(address)
    assert (first.status_code, first.headers["Content-Type"]) == (200, "application/ofd")
    assert holder.get(address).content == first.content
    assert (SealUse.objects.count(), Rendition.objects.filter(kind="ofd").count()) == (1, 1)
    assert SealUse.objects.get().purpose == made.number
    report = service.verify_ofd(first.content)
    assert (report.verdict, report.stamps[0].seal_name) == ("valid", office.seal.name)
    page = sample.files_of(first.content)["Doc_0/Pages/Page_0/Content.xml"].decode()
    assert "林小雨" in page
    assert made.number in sample.files_of(first.content)["OFD.xml"].decode()
    forged = sample.changed(
        "Doc_0/Pages/Page_0/Content.xml", lambda data: data.replace("林小雨".encode(), "林大雨".encode()), first.content
    )
    assert service.verify_ofd(forged).verdict == "invalid"


def test_others_do_not_get_it_and_a_revoked_certificate_has_none(office: Office, made: Certificate) -> None:
    other = Client()
    other.force_login(office.idle)
    assert other.get(reverse("records:certificate_ofd", args=[made.id])).status_code == 404
    officer = certificates.account("revoker", certificates.OFFICER, PATH)
    states.revoke(made.id, officer, "x")
    made.refresh_from_db()
    with pytest.raises(Problem) as refusal:
        renditions.ofd(made)
    assert (refusal.value.code, SealUse.objects.count()) == ("certificate-state", 0)


def test_without_a_seal_for_the_kind_nothing_is_made(office: Office, made: Certificate) -> None:
    SealGrant.objects.filter(account_id__isnull=True).update(withdrawn_at=dt.datetime.now(dt.UTC))
    with pytest.raises(Problem) as refusal:
        renditions.ofd(made)
    assert (refusal.value.code, Rendition.objects.count()) == ("no-seal", 0)


def test_the_resident_needs_no_right_to_seals(office: Office, made: Certificate, app_role: None) -> None:
    with acting_as(office.resident.id):
        data = renditions.ofd(Certificate.objects.get(id=made.id), "en")
        assert Seal.objects.count() == 0
    assert service.verify_ofd(data).verdict == "valid"


def test_a_demonstration_has_its_seal_once_and_for_every_kind(office: Office, made: Certificate) -> None:
    seal = demonstration.install()
    assert seal is not None
    assert demonstration.install() == seal
    assert (seal.name, seal.demonstration) == ("测试区行政审批专用章", True)
    assert sorted(seal.grants.values_list("subject_code", flat=True)) == ["food-permit", "residence"]
    assert renditions.seal_for(made) == seal.id  # of two for the same place the newer one
