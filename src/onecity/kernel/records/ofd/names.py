"""The names that OFD gives its namespace, files and elements (GB/T 33190-2016), and XML in and out without surprises."""

import re
from typing import Final

from lxml import etree

NAMESPACE: Final = "http://www.ofdspec.org/2016"
ROOT: Final = "OFD.xml"
VERSION: Final = "1.0"
EXCLUDED: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0, 2.2 does not let into a document."""
LARGEST_XML: Final = 16 * 1024 * 1024


class MalformedXmlError(ValueError):
    """The XML cannot be read or uses what a document has no need for: a document type, entities."""


def tag(name: str) -> str:
    """The qualified name of an element."""
    return f"{{{NAMESPACE}}}{name}"


def element(name: str, text: str | None = None, /, **attributes: str) -> etree._Element:
    """A new element of OFD's namespace; characters that XML cannot hold become the replacement character."""
    made = etree.Element(tag(name), {key: clean(value) for key, value in attributes.items()}, nsmap={"ofd": NAMESPACE})
    if text is not None:
        made.text = clean(text)
    return made


def add(parent: etree._Element, name: str, text: str | None = None, /, **attributes: str) -> etree._Element:
    """A new last child."""
    made = element(name, text, **attributes)
    parent.append(made)
    return made


def clean(text: str) -> str:
    """`text` with U+FFFD for each character that XML 1.0, 2.2 excludes."""
    return EXCLUDED.sub("�", text)


def serialise(root: etree._Element) -> bytes:
    """The file's bytes."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def parse(data: bytes) -> etree._Element:
    """The root element; MalformedXmlError for a document type, an entity, or what is no XML. Nothing is ever fetched."""
    if len(data) > LARGEST_XML:
        raise MalformedXmlError("larger than any description in a document")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise MalformedXmlError(str(error)) from None
    if root.getroottree().docinfo.doctype:
        raise MalformedXmlError("a document type is not allowed")
    return root


def number(value: float) -> str:
    """A length as OFD writes it: mm with up to four places, no exponent, no trailing zeros."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if value else "0"


def numbers(*values: float) -> str:
    """Lengths separated by spaces (ST_Array, ST_Box, ST_Pos)."""
    return " ".join(number(value) for value in values)
