"""Packages: read by a validator that is not ours, the same bytes each time, and every change found and named."""

import dataclasses
import hashlib
import io
import zipfile
from pathlib import Path

import bagit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.records.archive.logic import checks, formats, metadata, package, retention
from onecity.kernel.records.archive.logic.matter import Document
from onecity.kernel.records.archive.tests.conftest import CLOSED, OPENED, documents, matter, pdf

NUMBER = "A012-ZW·2026-D10-000001"


def failed(bag: package.Bag) -> dict[str, tuple[str, ...]]:
    return {check.code: check.about for check in checks.check(bag).failed}


def test_a_package_is_a_bag_to_the_reference_implementation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bagit, "CHECKSUM_ALGOS", {*bagit.CHECKSUM_ALGOS, "sm3"})
    with zipfile.ZipFile(io.BytesIO(package.write(package.build(matter(), NUMBER)))) as file:
        file.extractall(tmp_path)
    bag = bagit.Bag(str(tmp_path / NUMBER))
    assert bag.validate()
    assert bag.info["External-Identifier"] == NUMBER
    assert set(bag.algorithms) == {"sha256", "sm3"}
    assert bag.entries["data/3-办理结果/001-敬老优待证.pdf"] == {
        "sha256": hashlib.sha256(pdf()).hexdigest(), "sm3": hashlib.new("sm3", pdf()).hexdigest(),
    }  # fmt: skip
    (tmp_path / NUMBER / "data/3-办理结果/001-敬老优待证.pdf").write_bytes(pdf() + b"x")
    with pytest.raises(bagit.BagValidationError):
        bag.validate()


def test_the_same_matter_gives_the_same_bytes_and_reads_back_whole() -> None:
    content = package.write(package.build(matter(), NUMBER, b"{}"))
    assert content == package.write(package.build(matter(), NUMBER, b"{}"))
    bag = package.read(content)
    assert bag.name == NUMBER
    assert package.manifest_faults(bag) == []
    facts, files, course = metadata.read(bag.files[package.METADATA])
    assert (facts["档号"], facts["当事人"], facts["办理结果"], facts["开放状态"]) == (NUMBER, "陈洁", "准予", "受控")
    assert [file["路径"] for file in files] == [
        "1-申请材料/001-身份证明.png", "1-申请材料/002-申请表.json", "3-办理结果/001-敬老优待证.pdf",
    ]  # fmt: skip
    assert [step["行为"] for step in course] == ["受理", "办结"]
    assert failed(package.build(matter(), NUMBER)) == {}


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_every_flipped_bit_of_every_file_is_found(place: float, bit: int) -> None:
    bag = package.build(matter(), NUMBER)
    whole = [(path, i) for path, content in sorted(bag.files.items()) for i in range(len(content))]
    path, index = whole[int(place * len(whole))]
    content = bytearray(bag.files[path])
    content[index] ^= 1 << bit
    changed = dataclasses.replace(bag, files={**bag.files, path: bytes(content)})
    assert "manifest" in failed(changed)


def test_a_missing_and_a_smuggled_file_are_named() -> None:
    bag = package.build(matter(), NUMBER)
    gone = "data/3-办理结果/001-敬老优待证.pdf"
    without = dataclasses.replace(bag, files={p: c for p, c in bag.files.items() if p != gone})
    found = failed(without)
    assert gone in found["manifest"]
    assert found["files_listed"] == ("3-办理结果/001-敬老优待证.pdf",)
    added = dataclasses.replace(bag, files={**bag.files, "data/3-办理结果/002-加.pdf": pdf()})
    assert failed(added)["files_listed"] == ("3-办理结果/002-加.pdf",)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("表.docx", b"PK\x03\x04", "format"),
        ("表.pdf", b"not a pdf", "format"),
        ("照片.png", b"\x89PNG\r\n\x1a\nbroken", "opens"),
        ("表.pdf", pdf().replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript>>"), "no_active_content"),
        ("表.txt", b"MZ\x90 this is a program", "no_active_content"),
        ("表.pdf", pdf().replace(b"/Catalog", b"/Catalog/Encrypt 3 0 R"), "no_passwords"),
        ("表.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "no_active_content"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_the_right_check(name: str, content: bytes, code: str) -> None:
    given_files = (*documents(), Document("application", name, content, OPENED))
    found = failed(package.build(matter(documents=given_files), NUMBER))
    assert any(name in about for about in found[code])


def test_what_is_incomplete_or_out_of_order_is_refused() -> None:
    assert "parts" in failed(package.build(matter(documents=documents()[:2]), NUMBER))
    assert failed(package.build(matter(party=""), NUMBER))["facts"] == ("当事人",)
    assert "course" in failed(package.build(matter(deeds=matter().deeds[::-1]), NUMBER))
    assert "course" in failed(package.build(matter(deeds=()), NUMBER))
    late = dataclasses.replace(documents()[0], made_at=CLOSED.replace(year=2027))
    assert "made_before_closing" in failed(package.build(matter(documents=(late, *documents()[1:])), NUMBER))
    assert "call_number" in failed(package.build(matter(), "whatever"))


def test_signatures_are_looked_at_by_whoever_can_and_never_passed_unseen() -> None:
    bag = package.build(matter(), NUMBER)
    by_code = {check.code: check for check in checks.check(bag).checks}
    assert (by_code["signatures"].outcome, by_code["virus_scan"].outcome) == ("not_checked", "not_checked")

    def verifier(path: str, _content: bytes) -> list[str] | None:
        return ["the signer is revoked"] if path.endswith(".pdf") else None

    found = {check.code: check for check in checks.check(bag, verifier).checks}["signatures"]
    assert (found.outcome, found.about) == ("failed", ("data/3-办理结果/001-敬老优待证.pdf: the signer is revoked",))


@given(st.text(max_size=300))
def test_any_name_becomes_one_that_every_file_system_holds(name: str) -> None:
    fitted = package.fit(name)
    assert 0 < len(fitted) <= package.LONGEST_NAME
    assert not set(fitted) & set('/\\:*?"<>|\n\r%')
    assert fitted not in {".", ".."}
    bag = package.build(matter(documents=(Document("result", name, b"x", CLOSED), *documents())), NUMBER)
    assert package.manifest_faults(package.read(package.write(bag))) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "a\\..\\b"])
def test_a_zip_that_leads_out_of_its_folder_is_refused(name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(f"a/{name}" if not name.startswith("/") else name, b"x")
        file.writestr("a/bagit.txt", b"x")
    with pytest.raises(package.PackageError):
        package.read(out.getvalue())


def test_what_is_no_zip_is_refused() -> None:
    for content in (b"", b"PK\x03\x04", package.write(package.build(matter(), NUMBER))[:-30]):
        with pytest.raises(package.PackageError):
            package.read(content)


def test_file_numbers_and_ends_of_keeping() -> None:
    assert retention.call_number("A012", 2026, "D30", 7) == "A012-ZW·2026-D30-000007"
    assert str(retention.kept_until(CLOSED, "D10")) == "2036-12-31"
    assert retention.kept_until(CLOSED, "Y") is None
    for wrong in (("a012", "Y"), ("A012", "D20"), ("", "Y")):
        with pytest.raises(ValueError, match="is"):
            retention.call_number(wrong[0], 2026, wrong[1], 1)


def test_formats_are_told_by_their_bytes() -> None:
    assert formats.kind_of("a.txt", "字".encode()) == "txt"
    assert formats.kind_of("a.txt", b"\x00\x01") is None
    assert formats.kind_of("a.png", pdf()) is None
    assert formats.kind_of("a", pdf()) is None
