"""The metadata of a package as XML: the matter, who took part, what was done when, and each file with its digests.

Four groups after the model of DA/T 46-2009 and DA/T 85-2019: file, agent, business, relation. The element names are ours in
the words of these standards, whose official schemas were not at hand.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from onecity.kernel.records.archive.logic.matter import PARTS, Matter

NAMESPACE: Final = "urn:onecity:archive:matter:1"
SAFE: Final = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
REQUIRED: Final = (
    "档号",
    "办件编号",
    "事项编码",
    "题名",
    "归档单位",
    "当事人",
    "受理时间",
    "办结时间",
    "办理结果",
    "保管期限",
    "开放状态",
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as the metadata lists it: path in the package, bytes, digests in hexadecimal."""

    path: str
    size: int
    sha256: str
    sm3: str
    title: str
    made_at: dt.datetime
    made_by: str


def write(matter: Matter, call_number: str, files: Sequence[Listed]) -> bytes:
    """The metadata of a matter under its file number."""
    root = etree.Element(f"{{{NAMESPACE}}}办件", nsmap={None: NAMESPACE})
    _facts(_under(root, "文件"), _about(matter, call_number))
    _facts(_under(root, "其他事实"), matter.about, wrapped=True)
    listed = _under(root, "电子文件")
    for file in files:
        _facts(
            _under(listed, "文件实体"),
            {
                "路径": file.path, "题名": file.title, "形成时间": _moment(file.made_at), "形成者": file.made_by,
                "大小": str(file.size), "SHA-256": file.sha256, "SM3": file.sm3,
            },
        )  # fmt: skip
    course = _under(root, "业务过程")
    for deed in matter.deeds:
        _facts(
            _under(course, "环节"),
            {"时间": _moment(deed.at), "行为": deed.what, "责任者": deed.who, "机构": deed.office},
        )
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def read(content: bytes) -> tuple[dict[str, str], list[dict[str, str]], list[dict[str, str]]]:
    """The facts, the files and the steps that a metadata file tells; raises ValueError for what is none."""
    try:
        root = etree.fromstring(content, SAFE)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"the metadata are no XML: {error}") from error
    if root.tag != f"{{{NAMESPACE}}}办件":
        raise ValueError(f"the metadata begin with {root.tag!r}")
    facts = _read(root.find(_name("文件")))
    files = [_read(node) for node in root.iterfind(f"{_name('电子文件')}/{_name('文件实体')}")]
    return facts, files, [_read(node) for node in root.iterfind(f"{_name('业务过程')}/{_name('环节')}")]


def _about(matter: Matter, call_number: str) -> dict[str, str]:
    values = (
        call_number, matter.number, matter.kind, matter.title, matter.office, matter.party, _moment(matter.opened_at),
        _moment(matter.closed_at), matter.outcome, matter.retention, "受控" if matter.restricted else "开放",
    )  # fmt: skip
    return dict(zip(REQUIRED, values, strict=True)) | {"类别": "、".join(PARTS.values())}


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _under(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, _name(name))


def _facts(parent: etree._Element, facts: Mapping[str, str], *, wrapped: bool = False) -> None:
    for name, value in facts.items():
        node = etree.SubElement(parent, _name("事实" if wrapped else name))
        if wrapped:
            node.set("名称", _clean(name))
        node.text = _clean(value)


def _clean(text: str) -> str:
    """XML 1.0 has no place for control characters; they become spaces, so that nothing a person typed breaks a package."""
    return "".join(
        c if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff") else " "
        for c in text
    )


def _read(node: etree._Element | None) -> dict[str, str]:
    return {} if node is None else {etree.QName(child).localname: child.text or "" for child in node}


def _name(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
