"""Packages from strangers: names that lead outside, bombs, links, lies and entities are refused; nothing is unpacked to disk."""

import struct
import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest
from django.utils import translation

from onecity.kernel.records.ofd import package, verifying
from onecity.kernel.records.ofd.package import RefusedPackageError, is_inside, resolve, unpack
from onecity.kernel.records.ofd.tests import stamped as sample
from onecity.kernel.records.seals.tests.authorities import NOW, world


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def zipped(*entries: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for entry, data in entries:
            archive.writestr(entry, data)
    return target.getvalue()


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("Doc_0/link")
    entry.external_attr = 0o120777 << 16
    return entry


def encrypted() -> bytes:
    data = bytearray(zipped(("OFD.xml", b"<x/>")))
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no readable ZIP"),
        (b"%PDF-1.7", "no readable ZIP"),
        (zipped(("../OFD.xml", b"")), "outside"),
        (zipped(("/etc/passwd", b"")), "outside"),
        (zipped(("a/../../b", b"")), "outside"),
        (zipped(("a\\..\\b", b"")), "outside"),
        (zipped(("C:/b", b"")), "outside"),
        (zipped((link(), b"/etc/passwd")), "is a link"),
        (encrypted(), "encrypted"),
        (zipped(("OFD.xml", b"1"), ("ofd.XML", b"2")), "twice"),
        (zipped(("OFD.xml", b"1"), method=zipfile.ZIP_BZIP2), "unusual"),
        (zipped(*((f"f{number}", b"") for number in range(package.MOST_ENTRIES + 1))), "more than 4000 files"),
        (bytes(package.LARGEST_UPLOAD + 1), "larger than 64 MB"),
    ],
)
def test_what_an_honest_writer_never_makes_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(RefusedPackageError, match=words):
        unpack(data)


def test_a_bomb_is_refused_by_its_declared_size_before_a_byte_is_unpacked() -> None:
    chunk = bytes(package.LARGEST_FILE)
    one = zipped(("OFD.xml", chunk + b"x"))
    assert len(one) < 100_000
    with pytest.raises(RefusedPackageError, match="is larger than 64 MB"):
        unpack(one)
    four = zipped(*((f"f{number}", chunk) for number in range(4)))
    with pytest.raises(RefusedPackageError, match="when unpacked"):
        unpack(four)


def test_a_file_larger_than_it_says_is_refused() -> None:
    data = bytearray(zipped(("OFD.xml", b"A" * 5000)))
    directory = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, directory + 24, 10)
    with pytest.raises(RefusedPackageError, match="no readable ZIP"):
        unpack(bytes(data))


def test_locations_are_found_from_the_root_or_the_folder_and_never_outside() -> None:
    assert resolve("/Doc_0/Document.xml", "OFD.xml") == "Doc_0/Document.xml"
    assert resolve("Seal.esl", "Doc_0/Signs/Sign_1/Signature.xml") == "Doc_0/Signs/Sign_1/Seal.esl"
    assert resolve("../Sign_2/./Seal.esl", "Doc_0/Signs/Sign_1/Signature.xml") == "Doc_0/Signs/Sign_2/Seal.esl"
    for location in ("../../x", "/../x", "", "/", "a\\b", "file:///etc/passwd"):
        with pytest.raises(ValueError, match="outside"):
            resolve(location, "OFD.xml")
    assert not is_inside("a" * 241)


@pytest.mark.parametrize(
    "root",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>',
        b"not XML",
        b"",
    ],
)
def test_a_hostile_description_gives_a_refusal_not_an_error(root: bytes) -> None:
    files = sample.files_of(sample.stamped()) | {"OFD.xml": root}
    report = verifying.verify(sample.packed(files), world().trust, now=NOW)
    assert (report.verdict, report.stamps) == ("invalid", ())
    assert "OFD.xml" in str(report.refusal)
    assert "root:" not in str(report.refusal)


def test_references_that_lead_outside_are_refused() -> None:
    package_ = sample.changed(
        sample.DESCRIPTION, lambda data: data.replace(b'FileRef="/OFD.xml"', b'FileRef="/../../etc/passwd"')
    )
    report = verifying.verify(package_, world().trust, now=NOW)
    assert (report.verdict, report.stamps) == ("invalid", ())
