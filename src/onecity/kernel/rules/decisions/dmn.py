"""Decision tables as DMN XML, in and out: the first decision table of a file (DMN 1.1 to 1.5 read, 1.3 written)."""

import re
from collections.abc import Iterator
from typing import Final, get_args
from xml.etree import ElementTree as ET

from onecity.kernel.rules.decisions import table as tables
from onecity.kernel.rules.decisions import unary
from onecity.kernel.rules.decisions.region import Kind, Value
from onecity.kernel.rules.decisions.table import Aggregation, HitPolicy, Input, Output, Rule, Table, TableError

NAMESPACE: Final = "https://www.omg.org/spec/DMN/20191111/MODEL/"
HERE: Final = "https://onecity.example/decisions"
MOST_BYTES = 5_000_000
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
KINDS: dict[str, Kind] = {
    "number": "number", "integer": "number", "long": "number", "double": "number", "string": "string",
    "boolean": "boolean", "date": "date",
}  # fmt: skip
AGGREGATIONS: dict[str, Aggregation] = {"": "", "SUM": "SUM", "MIN": "MIN", "MAX": "MAX", "COUNT": "COUNT"}


def read(content: bytes) -> Table:
    """The table that a file holds; raises TableError that names what is wrong, for files that are no DMN as well."""
    if len(content) > MOST_BYTES:
        raise TableError([f"a file has at most {MOST_BYTES} bytes"])
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise TableError(["a decision table declares no entities of its own"])
    try:
        root = ET.fromstring(content)  # noqa: S314 - without a document type there is nothing to expand
    except (ET.ParseError, ValueError) as error:
        raise TableError([f"this is no XML: {error}"]) from error
    for decision in _all(root, "decision"):
        for found in _all(decision, "decisionTable"):
            return _table(decision.get("name") or decision.get("id") or "decision", found)
    raise TableError(["there is no decision table in this file"])


def _table(name: str, node: ET.Element) -> Table:
    wrong: list[str] = []
    policy = (node.get("hitPolicy") or "UNIQUE").upper()
    if policy not in get_args(HitPolicy):
        raise TableError([f"the hit policy {policy!r} is not known; it is one of {', '.join(get_args(HitPolicy))}"])
    aggregation = AGGREGATIONS.get((node.get("aggregation") or "").upper())
    if aggregation is None:
        raise TableError([f"the aggregation {node.get('aggregation')!r} is not known"])
    inputs = [_input(one, number, wrong) for number, one in enumerate(_children(node, "input"), 1)]
    outputs = [_output(one, number, wrong) for number, one in enumerate(_children(node, "output"), 1)]
    rules = [_rule(one, number, outputs, wrong) for number, one in enumerate(_children(node, "rule"), 1)]
    if wrong:
        raise TableError(wrong)
    known: HitPolicy = next(one for one in get_args(HitPolicy) if one == policy)
    return tables.of(name, inputs, outputs, rules, known, aggregation)


def _input(node: ET.Element, number: int, wrong: list[str]) -> Input:
    expression = next(_children(node, "inputExpression"), None)
    name = _text(expression) if expression is not None else ""
    if not NAME.match(name):
        wrong.append(f"input {number}: {name!r} is no name of a value")
    kind = _kind(expression.get("typeRef") if expression is not None else None, f"input {number}", wrong)
    allowed = next((_text(one) for one in _children(node, "inputValues")), "")
    return Input(name, kind, node.get("label") or "", allowed, _local_attribute(node, "optional") == "true")


def _output(node: ET.Element, number: int, wrong: list[str]) -> Output:
    name = node.get("name") or f"output{number}"
    kind = _kind(node.get("typeRef"), f"output {number}", wrong)
    listed = next((_text(one) for one in _children(node, "outputValues")), "")
    values: list[Value] = []
    for token in unary.tokens(listed) if len(listed) <= unary.LONGEST else []:
        if token.text != ",":
            value = _literal(token.text, kind, f"values of {name}", wrong)
            values += [] if value is None else [value]
    return Output(name, kind, node.get("label") or "", tuple(values))


def _rule(node: ET.Element, number: int, outputs: list[Output], wrong: list[str]) -> Rule:
    tests = tuple(_text(one) for one in _children(node, "inputEntry"))
    texts = [_text(one) for one in _children(node, "outputEntry")]
    values = tuple(
        _literal(text, column.kind, f"rule {number}, {column.name}", wrong)
        for text, column in zip(texts, outputs, strict=False)
    )
    reason = next((_text(one) for one in _children(node, "annotationEntry")), "") or next(
        (_text(one) or (one.text or "").strip() for one in _children(node, "description")), ""
    )
    return Rule(tests, values if len(texts) == len(outputs) else (), reason)


def _literal(text: str, kind: Kind, where: str, wrong: list[str]) -> Value | None:
    try:
        return unary.literal(text, kind)
    except unary.FeelError as error:
        wrong.append(f"{where}: {error}")
        return None


def _kind(reference: str | None, where: str, wrong: list[str]) -> Kind:
    name = (reference or "string").rpartition(":")[2]
    if name not in KINDS:
        wrong.append(f"{where}: the type {name!r} is not known; it is number, string, boolean or date")
    return KINDS.get(name, "string")


def write(table: Table) -> bytes:
    """A table as DMN 1.3; `read` gives the same table."""
    ET.register_namespace("", NAMESPACE)
    ET.register_namespace("onecity", HERE)
    root = ET.Element(_tag("definitions"), {"name": table.name, "namespace": HERE, "id": "definitions"})
    decision = ET.SubElement(root, _tag("decision"), {"name": table.name, "id": "decision"})
    made: dict[str, str] = {"hitPolicy": table.hit_policy}
    if table.aggregation:
        made["aggregation"] = table.aggregation
    node = ET.SubElement(decision, _tag("decisionTable"), made)
    _write_columns(node, table)
    for rule in table.rules:
        _write_rule(ET.SubElement(node, _tag("rule")), rule)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _write_columns(node: ET.Element, table: Table) -> None:
    for column in table.inputs:
        said = {"label": column.label} | ({f"{{{HERE}}}optional": "true"} if column.optional else {})
        one = ET.SubElement(node, _tag("input"), said)
        _write(ET.SubElement(one, _tag("inputExpression"), {"typeRef": column.kind}), column.name)
        if column.allowed:
            _write(ET.SubElement(one, _tag("inputValues")), column.allowed)
    for result in table.outputs:
        one = ET.SubElement(node, _tag("output"), {"name": result.name, "label": result.label, "typeRef": result.kind})
        if result.allowed:
            _write(ET.SubElement(one, _tag("outputValues")), ", ".join(map(unary.written, result.allowed)))
    ET.SubElement(node, _tag("annotation"), {"name": "reason"})


def _write_rule(node: ET.Element, rule: Rule) -> None:
    for test in rule.tests:
        _write(ET.SubElement(node, _tag("inputEntry")), test or "-")
    for value in rule.outputs:
        _write(ET.SubElement(node, _tag("outputEntry")), unary.written(value))
    _write(ET.SubElement(node, _tag("annotationEntry")), rule.reason)


def _write(node: ET.Element, text: str) -> None:
    ET.SubElement(node, _tag("text")).text = text


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _local(node: ET.Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _local_attribute(node: ET.Element, name: str) -> str:
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")


def _children(node: ET.Element, name: str) -> Iterator[ET.Element]:
    return (one for one in node if _local(one) == name)


def _all(node: ET.Element, name: str) -> Iterator[ET.Element]:
    return (one for one in node.iter() if _local(one) == name)


def _text(node: ET.Element) -> str:
    inner = next(_children(node, "text"), None)
    return ((inner.text if inner is not None else "") or "").strip()
