"""OFD packages: the structure that the standard asks for, fonts that show each text, and the same bytes twice."""

import datetime as dt
import zipfile
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from lxml import etree
from PIL import Image as Pillow

from onecity.kernel.records import ofd
from onecity.kernel.records.ofd import faces, graphics, names
from onecity.kernel.records.pages import QR, Box, Document, Image, Line, Page, Text

OFD = {"ofd": names.NAMESPACE}


def picture() -> bytes:
    target = BytesIO()
    Pillow.new("RGBA", (4, 4), (200, 0, 0, 128)).save(target, "PNG")
    return target.getvalue()


def document() -> Document:
    first = Page(
        (
            Box(10, 10, 190, 277, stroke_width=1),
            Box(20, 60, 170, 12, stroke=None, fill=(240, 240, 240)),
            Text(105, 40, "营业执照 <副本> & 其他", size=26, align="centre", bold=True),
            Text(190, 90, "2026年11月25日", size=12, align="right"),
            Line(20, 100, 190, 140, width=0.5),
            Text(60, 200, "仅供示例", size=30, rotation=-30, opacity=0.25),
            Image(150, 200, 30, 20, picture()),
            Image(150, 230, 15, 10, picture()),
            QR(20, 220, 29, "https://example.org/verify"),
        )
    )
    second = Page((Text(20, 20, "第二页\x00", size=20),), width=148, height=210)
    return Document((first, second), "营业执照", "测试机关", keywords=("证照",), attributes=(("number", "1.2.3"),))


def opened(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def text(root: etree._Element, path: str) -> str:
    found = root.find(path, OFD)
    assert found is not None, path
    return found.text or ""


def test_a_package_has_the_files_and_the_links_of_the_standard() -> None:
    files = opened(ofd.write(document(), created=dt.date(2026, 11, 25)))
    assert next(iter(files)) == "OFD.xml"
    root = etree.fromstring(files["OFD.xml"])
    assert (root.tag, root.attrib) == (f"{{{names.NAMESPACE}}}OFD", {"Version": "1.0", "DocType": "OFD"})
    assert len(text(root, "ofd:DocBody/ofd:DocInfo/ofd:DocID")) == 32
    assert text(root, "ofd:DocBody/ofd:DocInfo/ofd:CreationDate") == "2026-11-25"
    assert text(root, "ofd:DocBody/ofd:DocInfo/ofd:CustomDatas/ofd:CustomData[@Name='number']") == "1.2.3"
    body = etree.fromstring(files[text(root, "ofd:DocBody/ofd:DocRoot")])
    assert text(body, "ofd:CommonData/ofd:PageArea/ofd:PhysicalBox") == "0 0 210 297"
    pages = [page.attrib["BaseLoc"] for page in body.findall("ofd:Pages/ofd:Page", OFD)]
    assert pages == ["Pages/Page_0/Content.xml", "Pages/Page_1/Content.xml"]
    second = etree.fromstring(files[f"Doc_0/{pages[1]}"])
    assert text(second, "ofd:Area/ofd:PhysicalBox") == "0 0 148 210"
    assert sorted(files) == sorted(
        {
            "OFD.xml",
            "Doc_0/Document.xml",
            "Doc_0/PublicRes.xml",
            "Doc_0/DocumentRes.xml",
            *(f"Doc_0/{page}" for page in pages),
            *(name for name in files if name.startswith("Doc_0/Res/")),
        }
    )


def test_every_identifier_is_given_once_and_below_the_declared_maximum() -> None:
    files = opened(ofd.write(document()))
    roots = [etree.fromstring(data) for name, data in files.items() if name.endswith(".xml")]
    given = [int(item.attrib["ID"]) for root in roots for item in root.iter() if "ID" in item.attrib]
    largest = int(text(etree.fromstring(files["Doc_0/Document.xml"]), "ofd:CommonData/ofd:MaxUnitID"))
    assert len(given) == len(set(given))
    assert max(given) <= largest


def test_texts_stay_texts_and_their_glyphs_are_in_the_embedded_faces() -> None:
    files = opened(ofd.write(document()))
    resources = etree.fromstring(files["Doc_0/PublicRes.xml"])
    embedded = {
        font.attrib["ID"]: TTFont(BytesIO(files[f"Doc_0/Res/{text(font, 'ofd:FontFile')}"]))
        for font in resources.iter(f"{{{names.NAMESPACE}}}Font")
    }
    page = etree.fromstring(files["Doc_0/Pages/Page_0/Content.xml"])
    shown = {}
    for item in page.iter(f"{{{names.NAMESPACE}}}TextObject"):
        code = text(item, "ofd:TextCode")
        shown[code] = item
        assert all(ord(character) in embedded[item.attrib["Font"]].getBestCmap() for character in code)
        node = item.find("ofd:TextCode", OFD)
        assert node is not None
        assert len(node.attrib["DeltaX"].split()) == len(code) - 1
    assert list(shown) == ["营业执照 <副本> & 其他", "2026年11月25日", "仅供示例"]
    right = [float(part) for part in shown["2026年11月25日"].attrib["Boundary"].split()]
    assert right[0] + right[2] == pytest.approx(190, abs=0.001)
    centred = [float(part) for part in shown["营业执照 <副本> & 其他"].attrib["Boundary"].split()]
    assert centred[0] + centred[2] / 2 == pytest.approx(105, abs=0.001)
    assert "�" in files["Doc_0/Pages/Page_1/Content.xml"].decode()


def test_a_cut_face_draws_the_same_outline_and_width_as_the_whole() -> None:
    face = faces.face()
    cut = TTFont(BytesIO(faces.subset(face, "永A𠮷")))
    whole = TTFont(BytesIO(faces.path_of(bold=False).read_bytes()), lazy=True)
    assert sorted(cut.getBestCmap()) == [ord("A"), ord("永")]
    for character in "永A":
        ours, theirs = cut.getBestCmap()[ord(character)], whole.getBestCmap()[ord(character)]
        assert cut["hmtx"][ours] == whole["hmtx"][theirs]
        assert (
            cut["glyf"][ours].getCoordinates(cut["glyf"])[0] == whole["glyf"][theirs].getCoordinates(whole["glyf"])[0]
        )
    assert face.missing("永𠮷A") == "𠮷"
    assert len(faces.subset(face, "永")) < 5000


def test_one_picture_used_twice_is_stored_once() -> None:
    files = opened(ofd.write(document()))
    assert [files[name] for name in files if name.endswith(".png")] == [picture()]


def test_the_qr_code_is_made_of_bars_that_cover_its_dark_modules() -> None:
    bars = list(graphics.qr_bars(QR(0, 0, 25, "https://example.org/verify")))
    modules = 25  # version 2: 26 bytes at level M
    dark = {(round(x + i), round(y)) for x, y, width, _height in bars for i in range(round(width))}
    finder = {(x, y) for x in range(7) for y in range(7) if x in {0, 6} or y in {0, 6} or (2 <= x <= 4 and 2 <= y <= 4)}
    assert {(x, y) for x, y in dark if x < 7 and y < 7} == finder
    assert max(max(cell) for cell in dark) == modules - 1


def test_the_same_document_gives_the_same_bytes() -> None:
    day = dt.date(2026, 11, 25)
    assert ofd.write(document(), created=day) == ofd.write(document(), created=day)
    assert ofd.write(document(), created=day) != ofd.write(document(), created=day + dt.timedelta(days=1))


def test_a_document_without_pages_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one page"):
        ofd.write(Document((), "leer"))


@pytest.mark.parametrize(
    "data",
    [
        b"<a",
        b"",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b"<a>" + b"<b>" * 600 + b"</b>" * 600 + b"</a>",
        b" " * (names.LARGEST_XML + 1),
    ],
)
def test_xml_with_a_document_type_or_beyond_measure_is_refused(data: bytes) -> None:
    with pytest.raises(names.MalformedXmlError):
        names.parse(data)
