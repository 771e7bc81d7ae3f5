"""Writes a document as an OFD package (GB/T 33190-2016): one body, its pages, its fonts cut to what is shown, its pictures.

The same document written twice gives the same bytes, so that a copy made again later has the digest of the first.
"""

import datetime as dt
import hashlib
import itertools
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from lxml import etree

from onecity.kernel.core import clock
from onecity.kernel.records import pages
from onecity.kernel.records.ofd import faces, names
from onecity.kernel.records.ofd.graphics import Supplies, draw
from onecity.kernel.records.ofd.names import add, element, numbers

CREATOR: Final = "OneCity"
BODY: Final = "Doc_0"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time stamp of every entry: a ZIP cannot say "none"."""
FORMATS: Final = {"png": "PNG", "jpeg": "JPEG"}


@dataclass
class _Resources:
    """What the pages use, collected while they are drawn; every identifier of the body is given out here."""

    counter: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    fonts: dict[bool, str] = field(default_factory=dict)
    characters: dict[bool, set[str]] = field(default_factory=lambda: {False: set(), True: set()})
    images: dict[bytes, tuple[str, pages.Image]] = field(default_factory=dict)

    def next_id(self) -> str:
        return str(next(self.counter))

    def font_id(self, bold: bool) -> str:
        if bold not in self.fonts:
            self.fonts[bold] = self.next_id()
        return self.fonts[bold]

    def image_id(self, image: pages.Image) -> str:
        key = hashlib.sha256(image.data).digest()
        if key not in self.images:
            self.images[key] = (self.next_id(), image)
        return self.images[key][0]


def write(document: pages.Document, *, created: dt.date | None = None) -> bytes:
    """The OFD package of `document`; `created` (today if not given) is what the reader shows as its date.

    Raises ValueError for a document without pages and FileNotFoundError when the fonts are not installed.
    """
    if not document.pages:
        raise ValueError("a document has at least one page")
    resources = _Resources()
    supplies = Supplies(resources.next_id, lambda bold: faces.face(bold=bold), resources.font_id, resources.image_id)
    files: dict[str, bytes] = {}
    page_ids = []
    for index, page in enumerate(document.pages):
        page_ids.append(resources.next_id())
        files[f"{BODY}/Pages/Page_{index}/Content.xml"] = names.serialise(_page(page, document.pages[0], supplies))
        for item in page.content:
            if isinstance(item, pages.Text):
                resources.characters[item.bold].update(item.text)
    files |= _fonts(resources) | _images(resources)
    files[f"{BODY}/Document.xml"] = names.serialise(_document(document, page_ids, resources))
    identifier = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()[:32]
    root = _root(document, identifier, created or clock.now().date())
    return pack({names.ROOT: names.serialise(root)} | files)


def pack(files: dict[str, bytes]) -> bytes:
    """The ZIP of the files, OFD.xml first, with no trace of when or where it was made."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files, key=lambda name: (name != names.ROOT, name)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return target.getvalue()


def _root(document: pages.Document, identifier: str, created: dt.date) -> etree._Element:
    root = element("OFD", Version=names.VERSION, DocType="OFD")
    body = add(root, "DocBody")
    info = add(body, "DocInfo")
    add(info, "DocID", identifier)
    add(info, "Title", document.title)
    for name, text in (("Author", document.author), ("Subject", document.subject)):
        if text:
            add(info, name, text)
    add(info, "CreationDate", created.isoformat())
    if document.keywords:
        words = add(info, "Keywords")
        for word in document.keywords:
            add(words, "Keyword", word)
    add(info, "Creator", CREATOR)
    if document.attributes:
        datas = add(info, "CustomDatas")
        for name, text in document.attributes:
            add(datas, "CustomData", text, Name=name)
    add(body, "DocRoot", f"{BODY}/Document.xml")
    return root


def _document(document: pages.Document, page_ids: list[str], resources: _Resources) -> etree._Element:
    root = element("Document")
    common = add(root, "CommonData")
    largest = add(common, "MaxUnitID")
    area = add(common, "PageArea")
    first = document.pages[0]
    add(area, "PhysicalBox", numbers(0, 0, first.width, first.height))
    if resources.fonts:
        add(common, "PublicRes", "PublicRes.xml")
    if resources.images:
        add(common, "DocumentRes", "DocumentRes.xml")
    listed = add(root, "Pages")
    for index, page_id in enumerate(page_ids):
        add(listed, "Page", ID=page_id, BaseLoc=f"Pages/Page_{index}/Content.xml")
    largest.text = resources.next_id()
    return root


def _page(page: pages.Page, first: pages.Page, supplies: Supplies) -> etree._Element:
    root = element("Page")
    if (page.width, page.height) != (first.width, first.height):
        add(add(root, "Area"), "PhysicalBox", numbers(0, 0, page.width, page.height))
    layer = add(add(root, "Content"), "Layer", ID=supplies.next_id(), Type="Body")
    for item in page.content:
        layer.append(draw(item, supplies))
    return root


def _fonts(resources: _Resources) -> dict[str, bytes]:
    if not resources.fonts:
        return {}
    root = element("Res", BaseLoc="Res")
    listed = add(root, "Fonts")
    files = {}
    for bold, identifier in sorted(resources.fonts.items()):
        style = "Bold" if bold else "Regular"
        font = add(listed, "Font", ID=identifier, FontName=f"{faces.FAMILY} {style}", FamilyName=faces.FAMILY)
        if bold:
            font.set("Bold", "true")
        add(font, "FontFile", f"font_{identifier}.ttf")
        files[f"{BODY}/Res/font_{identifier}.ttf"] = faces.subset(faces.face(bold=bold), resources.characters[bold])
    return files | {f"{BODY}/PublicRes.xml": names.serialise(root)}


def _images(resources: _Resources) -> dict[str, bytes]:
    if not resources.images:
        return {}
    root = element("Res", BaseLoc="Res")
    listed = add(root, "MultiMedias")
    files = {}
    for identifier, image in resources.images.values():
        name = f"image_{identifier}.{'jpg' if image.format == 'jpeg' else image.format}"
        media = add(listed, "MultiMedia", ID=identifier, Type="Image", Format=FORMATS[image.format])
        add(media, "MediaFile", name)
        files[f"{BODY}/Res/{name}"] = image.data
    return files | {f"{BODY}/DocumentRes.xml": names.serialise(root)}
