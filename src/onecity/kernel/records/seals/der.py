"""DER read as the bytes that were received: signatures are checked over slices of the input, never over a re-encoding."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from asn1crypto import core, parser

SEQUENCE: Final = 16
INTEGER: Final = 2
BIT_STRING: Final = 3
OCTET_STRING: Final = 4
OBJECT_IDENTIFIER: Final = 6
TEXTS: Final = {12: core.UTF8String, 19: core.PrintableString, 22: core.IA5String}
TIMES: Final = {23: core.UTCTime, 24: core.GeneralizedTime}
UNIVERSAL: Final = 0
CONTEXT: Final = 2


class StructureError(ValueError):
    """The bytes are not what the standard says; the text names the field."""


@dataclass(frozen=True, slots=True)
class Node:
    """One element: its tag, its content and all its bytes as received."""

    tag_class: int
    tag: int
    content: bytes = field(repr=False)
    raw: bytes = field(repr=False)

    def is_a(self, tag: int) -> bool:
        """Whether this is the universal type `tag`."""
        return self.tag_class == UNIVERSAL and self.tag == tag

    def is_context(self, tag: int) -> bool:
        """Whether this carries the context tag [`tag`]."""
        return self.tag_class == CONTEXT and self.tag == tag


def nodes(data: bytes) -> Iterator[Node]:
    """The elements one after the other in `data`; raises StructureError for anything but DER."""
    position = 0
    while position < len(data):
        try:
            length = parser.peek(data[position:])
            raw = data[position : position + length]
            tag_class, _method, tag, _header, content, trailer = parser.parse(raw, strict=True)
        except (ValueError, IndexError) as error:
            raise StructureError(f"no DER at byte {position}: {error}") from None
        if trailer:
            raise StructureError(f"indefinite length at byte {position}, which DER does not allow")
        yield Node(tag_class, tag, content, raw)
        position += length


def node(data: bytes) -> Node:
    """The one element that `data` is; bytes after it are refused."""
    found = list(nodes(data))
    if len(found) != 1:
        raise StructureError(f"one element expected, {len(found)} found")
    return found[0]


def fields(element: Node, name: str) -> list[Node]:
    """The fields of a SEQUENCE."""
    if not element.is_a(SEQUENCE):
        raise StructureError(f"{name} is no SEQUENCE")
    return list(nodes(element.content))


def integer(element: Node, name: str) -> int:
    """The value of an INTEGER."""
    if not element.is_a(INTEGER) or not element.content:
        raise StructureError(f"{name} is no INTEGER")
    return int.from_bytes(element.content, "big", signed=True)


def octets(element: Node, name: str) -> bytes:
    """The content of an OCTET STRING."""
    if not element.is_a(OCTET_STRING):
        raise StructureError(f"{name} is no OCTET STRING")
    return element.content


def bits(element: Node, name: str) -> bytes:
    """The content of a BIT STRING of whole bytes."""
    if not element.is_a(BIT_STRING) or not element.content or element.content[0]:
        raise StructureError(f"{name} is no BIT STRING of whole bytes")
    return element.content[1:]


def oid(element: Node, name: str) -> str:
    """An OBJECT IDENTIFIER in dotted form."""
    if not element.is_a(OBJECT_IDENTIFIER):
        raise StructureError(f"{name} is no OBJECT IDENTIFIER")
    return str(_native(core.ObjectIdentifier, element, name))


def text(element: Node, name: str) -> str:
    """A text of any of the three string types that occur."""
    if element.tag_class != UNIVERSAL or element.tag not in TEXTS:
        raise StructureError(f"{name} is no text")
    return str(_native(TEXTS[element.tag], element, name))


def time(element: Node, name: str) -> dt.datetime:
    """A UTCTime or GeneralizedTime; one without a zone is UTC, as DER demands."""
    if element.tag_class != UNIVERSAL or element.tag not in TIMES:
        raise StructureError(f"{name} is no time")
    value = _native(TIMES[element.tag], element, name)
    if not isinstance(value, dt.datetime):
        raise StructureError(f"{name} is no time")
    return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _native(kind: type[core.Primitive], element: Node, name: str) -> object:
    try:
        return kind.load(element.raw, strict=True).native
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise StructureError(f"{name} cannot be read: {error}") from None
