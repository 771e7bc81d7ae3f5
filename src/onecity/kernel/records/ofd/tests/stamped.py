"""A stamped OFD to take apart: two pages, one seal, and the ways to change single bytes in it."""

import datetime as dt
import zipfile
from collections.abc import Callable
from functools import cache
from io import BytesIO

from onecity.kernel.records import ofd
from onecity.kernel.records.ofd import stamping
from onecity.kernel.records.pages import Document, Page, Text
from onecity.kernel.records.seals import making
from onecity.kernel.records.seals.placing import Order, Place
from onecity.kernel.records.seals.tests.authorities import NOW, Party, world

DESCRIPTION = "Doc_0/Signs/Sign_1/Signature.xml"
VALUE = "Doc_0/Signs/Sign_1/SignedValue.dat"
SEAL = "Doc_0/Signs/Sign_1/Seal.esl"
LIST = "Doc_0/Signs/Signatures.xml"
CONTENT = "Doc_0/Pages/Page_0/Content.xml"


@cache
def plain() -> bytes:
    pages = (Page((Text(20, 20, "第一页"),)), Page((Text(20, 20, "第二页"),)))
    return ofd.write(Document(pages, "测试"), created=dt.date(2026, 11, 25))


def order(
    *,
    seal: bytes | None = None,
    who: Party | None = None,
    at: dt.datetime = NOW,
    stamper: making.Stamper | None = None,
    stamped: bool = True,
) -> Order:
    here = world()
    return Order(
        seal or here.seal(),
        (who or here.office).signer,
        at,
        [Place(0, 140, 230, 42, 42)],
        (stamper or here.stamper(at)) if stamped else None,
    )


@cache
def stamped() -> bytes:
    return stamping.stamp(plain(), order())


def files_of(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: dict[str, bytes]) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def changed(name: str, change: Callable[[bytes], bytes], package: bytes | None = None) -> bytes:
    files = files_of(package or stamped())
    assert name in files
    after = change(files[name])
    assert after != files[name]
    return packed(files | {name: after})


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def flip_in(part: bytes, at: int = 0) -> Callable[[bytes], bytes]:
    """Flips one bit of the byte `at` positions into the last occurrence of `part`."""
    return lambda data: flipped(data, data.rindex(part) + (at if at >= 0 else len(part) + at))
