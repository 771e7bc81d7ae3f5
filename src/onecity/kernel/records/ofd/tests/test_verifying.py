"""Ten steps over a stamped OFD: all ok for a good one; each single change is found at its step, with its reason in words."""

import base64
import dataclasses

import pytest
from django.utils import translation

from onecity.kernel.records.ofd import names, signatures, stamping, verifying
from onecity.kernel.records.ofd.tests import stamped as sample
from onecity.kernel.records.ofd.tests.stamped import CONTENT, DESCRIPTION, LIST, SEAL, VALUE
from onecity.kernel.records.seals import making, reading, sm2_certificates
from onecity.kernel.records.seals.digests import sm3
from onecity.kernel.records.seals.placing import Place
from onecity.kernel.records.seals.report import Report
from onecity.kernel.records.seals.tests.authorities import DAY, NOW, party, world
from onecity.kernel.records.seals.trust import Trust


def verify(package: bytes, trusted: Trust | None = None) -> Report:
    return verifying.verify(package, trusted or world().trust, now=NOW)


def failed(report: Report) -> list[int]:
    return [step.number for step in report.steps if step.state == "failed"]


def unchecked(report: Report) -> list[int]:
    return [step.number for step in report.steps if step.state == "not_checked"]


def test_a_good_stamp_passes_all_ten_steps_and_says_so_in_both_languages() -> None:
    report = verify(sample.stamped())
    assert (report.verdict, [step.number for step in report.steps]) == ("valid", list(range(1, 11)))
    told = report.to_dict()
    assert told["summary"] == {
        "zh": "印章真实有效，文件未被改动。",
        "en": "The seal is genuine and the document unchanged.",
    }
    stamp = told["stamps"][0]
    assert (stamp["version"], stamp["signer"], stamp["proven_at"]) == (4, "测试签章人", "2026-11-25T08:30:00+00:00")
    assert stamp["seal"] == {"name": "测试区市场监督管理局", "number": "TEST-0001"}
    assert stamp["steps"][3]["reason"] == {"zh": "由“测试签章人”签署。", "en": "Signed by 测试签章人."}
    assert all(step["reason"]["zh"] != step["reason"]["en"] for step in stamp["steps"])


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("by_digest", [False, True])
def test_seals_of_both_versions_and_both_lists_pass(version: int, by_digest: bool) -> None:
    seal = world().seal(version, by_digest=by_digest)
    report = verify(stamping.stamp(sample.plain(), sample.order(seal=seal)))
    assert (report.verdict, report.stamps[0].version) == ("valid", version)


@pytest.mark.parametrize("name", sorted(sample.files_of(sample.plain())))
def test_one_bit_in_any_file_of_the_document_is_found_at_the_first_step_and_the_file_named(name: str) -> None:
    if name == names.ROOT:  # the first byte of the title: the file must stay readable to lead to the stamp
        package = sample.changed(name, sample.flip_in("测试".encode(), -1))
    else:
        package = sample.changed(name, lambda data: sample.flipped(data, len(data) // 2))
    report = verify(package)
    assert failed(report) == [1]
    assert name in str(report.stamps[0].step(1).reason)


def test_a_file_taken_out_is_named() -> None:
    files = sample.files_of(sample.stamped())
    del files["Doc_0/Pages/Page_1/Content.xml"]
    report = verify(sample.packed(files))
    assert failed(report) == [1]
    with translation.override("en"):
        assert str(report.steps[0].reason) == "Taken out after stamping: Doc_0/Pages/Page_1/Content.xml."


def test_a_file_added_is_named_at_the_second_step() -> None:
    report = verify(sample.packed(sample.files_of(sample.stamped()) | {"Doc_0/Extra.xml": b"<x/>"}))
    assert failed(report) == [2]
    assert "Doc_0/Extra.xml" in str(report.steps[1].reason)


def test_a_changed_seal_file_is_found_at_the_third_step() -> None:
    assert failed(verify(sample.changed(SEAL, lambda data: sample.flipped(data, len(data) - 1)))) == [3]
    files = sample.files_of(sample.stamped())
    del files[SEAL]
    assert failed(verify(sample.packed(files))) == [3]


def test_a_stamp_without_a_seal_file_is_allowed() -> None:
    files = sample.files_of(sample.plain())
    package = stamping.stamp(sample.packed(files), sample.order())
    loose = sample.files_of(package)
    description = names.parse(loose[DESCRIPTION])
    info = description.find(names.tag("SignedInfo"))
    assert info is not None
    seal = info.find(names.tag("Seal"))
    assert seal is not None
    info.remove(seal)
    del loose[SEAL]
    raw = names.serialise(description)
    here = world()
    stamp = making.make_stamp(
        here.seal(),
        digest=sm3(raw),
        property_info="/x",
        signed_at=NOW,
        signer=here.office.signer,
        stamper=here.stamper(),
    )
    report = verify(sample.packed(loose | {DESCRIPTION: raw, VALUE: stamp}))
    assert report.verdict == "valid"


def test_a_changed_description_no_longer_fits_the_stamp() -> None:
    report = verify(sample.changed(DESCRIPTION, sample.flip_in(b"2026", 3)))
    assert failed(report) == [4]


def test_new_digests_for_a_forged_page_do_not_help() -> None:
    files = sample.files_of(sample.stamped())
    forged = files[CONTENT].replace("第一页".encode(), "第二页".encode())
    old, new = (base64.b64encode(sm3(data)) for data in (files[CONTENT], forged))
    description = files[DESCRIPTION].replace(old, new)
    report = verify(sample.packed(files | {CONTENT: forged, DESCRIPTION: description}))
    assert failed(report) == [4]


def parts() -> dict[str, tuple[bytes, int]]:
    stamp = reading.read_stamp(sample.files_of(sample.stamped())[VALUE])
    assert stamp.time_stamp is not None
    return {
        "stamp's signature": (stamp.signature, -1),
        "property of the stamp": (stamp.property_info.encode(), -1),
        "digest in the stamp": (stamp.digest, 0),
        "seal's signature": (stamp.seal.signature, -1),
        "seal's name": (stamp.seal.info.name.encode(), -1),
        "seal's picture": (stamp.seal.info.picture.data, -1),
        "time stamp": (stamp.time_stamp, -1),
    }


@pytest.mark.parametrize(
    ("part", "steps"),
    [
        ("stamp's signature", [4, 10]),  # the time stamp is over the signature, so it no longer fits either
        ("property of the stamp", [4]),
        ("digest in the stamp", [4]),
        ("seal's signature", [3, 4, 5]),  # the seal lies inside what the signer signed
        ("seal's name", [3, 4, 5]),
        ("seal's picture", [3, 4, 5]),
        ("time stamp", [10]),
    ],
)
def test_one_bit_in_any_part_of_the_stamp_is_found_at_its_step(part: str, steps: list[int]) -> None:
    found, at = parts()[part]
    assert failed(verify(sample.changed(VALUE, sample.flip_in(found, at)))) == steps


def test_one_bit_in_the_signers_certificate_breaks_its_signature_and_its_place_in_the_list() -> None:
    here = world()
    key = sm2_certificates.read(here.office.certificate).signature
    report = verify(sample.changed(VALUE, sample.flip_in(key, -1)))  # the last occurrence: the stamp's own copy
    assert failed(report) == [7, 8]


def test_every_single_byte_of_the_stamp_counts() -> None:
    raw = sample.files_of(sample.stamped())[VALUE]
    for place in range(0, len(raw), 97):
        report = verify(sample.changed(VALUE, lambda data, place=place: sample.flipped(data, place)))  # type: ignore[misc]  # mypy cannot infer a default's type
        assert report.verdict != "valid", place


def test_a_signer_who_is_not_in_the_list_is_refused() -> None:
    report = verify(stamping.stamp(sample.plain(), sample.order(who=world().stranger)))
    assert failed(report) == [7]
    assert "另一签章人" in str(report.stamps[0].step(7).reason)


@pytest.mark.parametrize(("at", "steps"), [(NOW + 40 * DAY, [9]), (NOW - 20 * DAY, [8, 9])])
def test_a_seal_used_outside_its_dates_is_refused(at: object, steps: list[int]) -> None:
    here = world()
    seal = here.seal(days=30)
    package = stamping.stamp(sample.plain(), sample.order(seal=seal, at=at, stamped=False))  # type: ignore[arg-type]  # a time
    report = verifying.verify(package, here.trust, now=NOW + 50 * DAY)
    assert failed(report) == steps
    assert unchecked(report) == [10]


def test_a_time_that_has_not_come_is_refused() -> None:
    report = verify(stamping.stamp(sample.plain(), sample.order(at=NOW + DAY, stamped=False)))
    assert failed(report) == [9]


def test_without_a_time_stamp_nothing_is_wrong_but_the_time_is_only_a_claim() -> None:
    report = verify(stamping.stamp(sample.plain(), sample.order(stamped=False)))
    assert (report.verdict, failed(report), unchecked(report)) == ("incomplete", [], [10])
    assert report.stamps[0].proven_at is None


def test_a_stamp_that_claims_a_later_time_than_its_time_stamp_is_refused() -> None:
    order = sample.order(at=NOW, stamper=world().stamper(NOW - DAY / 2))
    assert failed(verify(stamping.stamp(sample.plain(), order))) == [10]


def test_a_revoked_signer_is_refused_and_an_unknown_maker_too() -> None:
    here = world()
    serial = sm2_certificates.read(here.office.certificate).serial
    lists = sm2_certificates.revocation_list(
        here.root.signer, {serial: NOW - DAY / 2}, at=NOW, until=NOW + DAY, number=2
    )
    assert failed(verify(sample.stamped(), Trust(here.trust.anchors, (), (lists,)))) == [8]
    other = party("别的根", "authority", None)
    assert failed(verify(sample.stamped(), Trust((other.certificate,)))) == [6, 8, 10]


def test_two_stamps_stand_side_by_side_and_a_change_after_both_fails_both() -> None:
    here = world()
    seal = making.make_seal(here.content(here.stranger.certificate), here.maker.signer)
    twice = stamping.stamp(sample.stamped(), sample.order(seal=seal, who=here.stranger))
    report = verify(twice)
    assert (report.verdict, [stamp.identifier for stamp in report.stamps]) == ("valid", ["1", "2"])
    assert len(signatures.read(sample.files_of(twice), signatures.entries(sample.files_of(twice))[1]).references) == 9
    both = verify(sample.changed(CONTENT, lambda data: sample.flipped(data, len(data) // 2), twice))
    assert failed(both) == [1, 1]
    # the second stamp protects the first one's files
    first = verify(sample.changed(SEAL, lambda data: sample.flipped(data, len(data) - 1), twice))
    assert failed(first) == [3, 1]


def test_a_page_number_beyond_the_document_stamps_nothing() -> None:
    order = dataclasses.replace(sample.order(), places=[Place(2, 0, 0, 42, 42)])
    with pytest.raises(IndexError):
        stamping.stamp(sample.plain(), order)


def test_a_document_without_a_seal_is_not_called_valid() -> None:
    report = verify(sample.plain())
    assert (report.verdict, report.stamps) == ("invalid", ())
    with translation.override("en"):
        assert str(report.refusal) == "This document bears no seal."


def test_a_list_that_was_emptied_or_leads_nowhere_is_refused() -> None:
    emptied = sample.changed(LIST, lambda _data: names.serialise(names.element("Signatures")))
    assert verify(emptied).verdict == "invalid"
    files = sample.files_of(sample.stamped())
    del files[LIST]
    assert LIST in str(verify(sample.packed(files)).refusal)


def test_a_signature_without_a_seal_is_named_as_such() -> None:
    report = verify(sample.changed(LIST, lambda data: data.replace(b'Type="Seal"', b'Type="Sign"')))
    assert (report.verdict, failed(report)) == ("incomplete", [])
    assert unchecked(report) == list(range(3, 11))


@pytest.mark.parametrize("method", ["MD5", "1.3.14.3.2.26", "nonsense"])
def test_a_broken_digest_method_is_refused(method: str) -> None:
    report = verify(sample.changed(DESCRIPTION, lambda data: data.replace(b"1.2.156.10197.1.401", method.encode())))
    assert failed(report) == [1, 4]
    assert method in str(report.steps[0].reason)


def test_a_stamp_that_is_no_stamp_leaves_the_rest_unchecked() -> None:
    report = verify(sample.changed(VALUE, lambda _data: b"\x30\x00"))
    assert (failed(report), unchecked(report)) == ([4], [3, 5, 6, 7, 8, 9, 10])
