"""Documents of GeoReport v2 as XML and as the JSON that follows from it by the Spark convention.

Source: Open311 GeoReport v2, "Format Support": UTF-8 everywhere, an XML declaration with the encoding, no namespace; in JSON
a list stands for an element with repeated children.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from xml.etree import ElementTree as ET

Format = Literal["xml", "json"]
CONTENT_TYPES: Final[Mapping[Format, str]] = {
    "xml": "text/xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
# what the child of a list is called in XML
SINGULAR: Final[Mapping[str, str]] = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
    "notes": "note",
}
# characters that XML 1.0 has no way to write
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(root: str, value: object, wanted: Format) -> bytes:
    """The document: `value` is a list (of the children of `root`) or an object, of plain values; None is an empty element."""
    if wanted == "json":
        return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")
    element = ET.Element(root)
    _fill(element, root, value)
    text: str = ET.tostring(element, encoding="unicode", short_empty_elements=True)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode("utf-8")


def _fill(element: ET.Element, name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _fill(ET.SubElement(element, key), key, inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            child = SINGULAR.get(name, "item")
            _fill(ET.SubElement(element, child), child, inner)
    elif value is not None:
        element.text = written(value)


def written(value: object) -> str:
    """A plain value as text: true and false as XML Schema writes them, no character that XML cannot carry."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return UNWRITABLE.sub("", str(value))
