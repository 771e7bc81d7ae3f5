"""Puts a stamp on an OFD package: the description of what is protected, the stamp, the seal, and where it is shown.

A second stamp protects the first one's files too; only the list of signatures stays open, as GB/T 33190-2016, 18 has it for
documents that several bodies seal.
"""

import base64
import datetime as dt
import re
from typing import Final

from django.utils.translation import gettext_lazy as _
from lxml import etree

from onecity.kernel.records.ofd import names, signatures
from onecity.kernel.records.ofd.names import add, element, numbers, tag
from onecity.kernel.records.ofd.package import resolve, unpack
from onecity.kernel.records.ofd.signatures import MissingPartError
from onecity.kernel.records.ofd.writer import CREATOR, pack
from onecity.kernel.records.seals import making, oids
from onecity.kernel.records.seals.digests import sm3
from onecity.kernel.records.seals.placing import Order

NUMBERED: Final = re.compile(r"\d+\Z")


def stamp(package: bytes, order: Order) -> bytes:
    """The package with one more stamp.

    Raises RefusedPackageError or MissingPartError for what is no OFD, IndexError for a page that is not there.
    """
    files = unpack(package)
    root = names.parse(files.get(names.ROOT, b""))
    body = root.find(tag("DocBody"))
    if body is None or not body.findtext(tag("DocRoot")):
        raise MissingPartError(_("%(name)s does not lead to a document"), name=names.ROOT)
    document_name = resolve(body.findtext(tag("DocRoot")) or "", names.ROOT)
    folder = f"{document_name.rpartition('/')[0]}/Signs".lstrip("/")
    list_name, listed = _list(files, root, body, folder)
    number = 1 + max((int(found) for found in _numbers(listed)), default=0)
    base = f"{list_name.rpartition('/')[0]}/Sign_{number}"
    description = _description(files, list_name, _page_ids(files, document_name), order)
    stamped = making.make_stamp(
        order.seal,
        digest=sm3(description),
        property_info=f"/{base}/Signature.xml",
        signed_at=order.signed_at,
        signer=order.signer,
        stamper=order.stamper,
    )
    _entry(listed, number, base)
    return pack(
        files
        | {
            list_name: names.serialise(listed),
            f"{base}/Signature.xml": description,
            f"{base}/SignedValue.dat": stamped,
            f"{base}/Seal.esl": order.seal,
        }
    )


def _list(
    files: dict[str, bytes], root: etree._Element, body: etree._Element, folder: str
) -> tuple[str, etree._Element]:
    """The list of signatures, made and named in OFD.xml where there is none yet."""
    location = body.findtext(tag("Signatures"))
    if location:
        name = resolve(location, names.ROOT)
        if name not in files:
            raise MissingPartError(_("%(name)s is missing"), name=name)
        return name, names.parse(files[name])
    name = f"{folder}/Signatures.xml"
    made = element("Signatures", f"/{name}")
    body.insert(body.index(body.find(tag("DocRoot"))) + 1, made)
    files[names.ROOT] = names.serialise(root)
    listed = element("Signatures")
    add(listed, "MaxSignId", "0")
    return name, listed


def _numbers(listed: etree._Element) -> list[str]:
    texts = [item.get("ID", "") for item in listed.iter(tag("Signature"))] + [listed.findtext(tag("MaxSignId")) or ""]
    return [found.group() for found in map(NUMBERED.search, texts) if found]


def _entry(listed: etree._Element, number: int, base: str) -> None:
    largest = listed.find(tag("MaxSignId"))
    if largest is not None:
        largest.text = str(number)
    add(listed, "Signature", ID=str(number), Type=signatures.SEAL, BaseLoc=f"/{base}/Signature.xml")


def _page_ids(files: dict[str, bytes], document_name: str) -> list[str]:
    if document_name not in files:
        raise MissingPartError(_("%(name)s is missing"), name=document_name)
    return [page.get("ID", "") for page in names.parse(files[document_name]).iter(tag("Page"))]


def _description(files: dict[str, bytes], list_name: str, page_ids: list[str], order: Order) -> bytes:
    root = element("Signature")
    info = add(root, "SignedInfo")
    add(info, "Provider", ProviderName=CREATOR, Version="1.0", Company=CREATOR)
    add(info, "SignatureMethod", oids.SM2_WITH_SM3)
    add(info, "SignatureDateTime", f"{order.signed_at.astimezone(dt.UTC):%Y%m%d%H%M%SZ}")
    references = add(info, "References", CheckMethod=oids.SM3)
    for name in sorted(set(files) - {list_name}):
        reference = add(references, "Reference", FileRef=f"/{name}")
        add(reference, "CheckValue", base64.b64encode(sm3(files[name])).decode())
    for index, place in enumerate(order.places, start=1):
        box = numbers(place.x, place.y, place.width, place.height)
        add(info, "StampAnnot", ID=str(index), PageRef=page_ids[place.page], Boundary=box)
    add(add(info, "Seal"), "BaseLoc", "Seal.esl")
    add(root, "SignedValue", "SignedValue.dat")
    return names.serialise(root)
