"""The short way in which the shipped catalogue is written, made into whole items: texts as `中文|English`, papers and laws by key.

A file of many items is read by people; what all items of a department share (who, where, when) and what every paper is (its
certificate, its register) is written once. Everything here can be written in full as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Data = dict[str, Any]
UNITS: Final = {"wd": "working_days", "cd": "calendar_days", "wh": "working_hours"}
UNIT_TEXTS: Final = {
    "wd": ("个工作日", "working days"),
    "cd": ("个自然日", "calendar days"),
    "wh": ("个工作小时", "working hours"),
}
ON_THE_SPOT: Final = "即时办结|done at once"
SCHEMAS: Final[Mapping[str, Data]] = {
    "text": {"type": "string", "minLength": 1, "maxLength": 120},
    "long": {"type": "string", "minLength": 1, "maxLength": 1000},
    "phone": {"type": "string", "pattern": "^[0-9+() -]{5,30}$", "maxLength": 30},
    "date": {"type": "string", "format": "date"},
    "integer": {"type": "integer", "minimum": 0},
    "number": {"type": "number", "minimum": 0},
    "flag": {"type": "boolean"},
    "select": {"type": "string"},
}


@dataclass(frozen=True)
class Shared:
    """What many items have in common: departments, papers and laws by key, the usual ways of handling."""

    departments: Mapping[str, Mapping[str, Any]]
    materials: Mapping[str, Mapping[str, Any]]
    laws: Mapping[str, Mapping[str, Any]]
    ways: Mapping[str, Sequence[str]]


def text(value: object) -> object:
    """A text written as `中文|English`; anything else as it is."""
    if not isinstance(value, str):
        return value
    zh, bar, en = value.partition("|")
    return {"zh": zh.strip(), "en": en.strip()} if bar else {"zh": zh.strip()}


def item(data: Mapping[str, Any], department: str, shared: Shared, sorts: Mapping[str, str]) -> Data:
    """A whole item; `sorts` gives the sort of every field of a register. Raises KeyError for a key that nobody declared."""
    house = shared.departments[department]
    form = _form(data.get("form", {}))
    named = dict(sorts) | {name: _sort(one) for name, one in form.get("properties", {}).items()}
    way = data.get("steps", "auto" if data.get("automatic") else "review")
    made: Data = {
        **data,
        "authority": {"department": department, **house["authority"], **data.get("authority", {})},
        "official": {**house["official"], **data.get("official", {})},
        "case_kind": data.get("case_kind", "1" if data.get("automatic") else "2"),
        "limits": _limits(data["limits"]),
        "legal_basis": [_law(one, shared.laws) for one in data["legal_basis"]],
        "steps": [_step(one) for one in (shared.ways[way] if isinstance(way, str) else way)],
        "conditions": [_condition(one, named) for one in data.get("conditions", ())],
        "situations": [_situation(key, one, named) for key, one in data.get("situations", {}).items()],
        "materials": [_material(one, shared.materials) for one in data.get("materials", ())],
        "form": form,
        "results": [_result(one) for one in data.get("results", ())],
        "fees": [_fee(one) for one in data.get("fees", ())],
        "places": [_texts(one, ("name", "address", "hours")) for one in data.get("places", house["places"])],
        "faq": [{"question": text(question), "answer": text(answer)} for question, answer in data.get("faq", ())],
        "channels": {**data.get("channels", {})},
        "enquiries": text(data.get("enquiries", house["enquiries"])),
        "complaints": text(data.get("complaints", house["complaints"])),
    }
    made["decision"] = _named(data.get("decision", False), data["code"])
    made["entitlement"] = _named(data.get("entitlement", False), f"{data['code']}_entitled")
    if "visit_reason" in made["channels"]:
        made["channels"]["visit_reason"] = text(made["channels"]["visit_reason"])
    return _texts(made, ("name", "summary", "quota"))


def bundle(data: Mapping[str, Any], sorts: Mapping[str, str]) -> Data:
    """A whole bundle; its steps are item codes, `code?` where it is not always needed, or objects."""
    form = _form(data.get("form", {}))
    named = dict(sorts) | {name: _sort(one) for name, one in form.get("properties", {}).items()}
    made: Data = {
        **data,
        "form": form,
        "limit": _limit(data["limit"]),
        "steps": [_part(one, named) for one in data["steps"]],
        "faq": [{"question": text(question), "answer": text(answer)} for question, answer in data.get("faq", ())],
    }
    return _texts(made, ("name", "summary"))


def _part(one: str | Mapping[str, Any], sorts: Mapping[str, str]) -> Data:
    if isinstance(one, str):
        return {"item": one.rstrip("?"), "required": not one.endswith("?")}
    return {**one, "when": [_test(test, sorts) for test in one.get("when", ())]}


def _texts(data: Mapping[str, Any], names: Sequence[str]) -> Data:
    return {**data, **{name: text(data[name]) for name in names if name in data}}


def _named(value: object, name: str) -> str:
    return name if value is True else str(value or "")


def _limits(value: str) -> Data:
    statutory, _slash, promised = value.partition("/")
    return {"statutory": _limit(statutory), "promised": _limit(promised or statutory)}


def _limit(value: str) -> Data:
    """`20wd` is twenty working days; `now` is at once, counted as one working hour."""
    if value == "now":
        return {"amount": 1, "unit": "working_hours", "text": text(ON_THE_SPOT)}
    amount, unit = value[:-2], value[-2:]
    zh, en = UNIT_TEXTS[unit]
    en = en.removesuffix("s") if amount == "1" else en
    return {"amount": float(amount), "unit": UNITS[unit], "text": {"zh": f"{amount} {zh}", "en": f"{amount} {en}"}}


def _law(value: str | Mapping[str, Any], laws: Mapping[str, Mapping[str, Any]]) -> Data:
    """`key:clause`; with `!` behind the clause, the reference was compared with the text of the law."""
    if not isinstance(value, str):
        return dict(value)
    key, _colon, clause = value.partition(":")
    checked = clause.endswith("!")
    return {**_texts(laws[key], ("name",)), "clause": clause.rstrip("!"), "to_check": not checked}


def _step(value: str | Mapping[str, Any]) -> Data:
    """`what|what it is in English|who|who in English`."""
    if not isinstance(value, str):
        return dict(value)
    zh, en, who, who_en = [*value.split("|"), "", "", ""][:4]
    return {"name": {"zh": zh, "en": en}, **({"by": {"zh": who, "en": who_en}} if who else {})}


def _condition(value: str | Sequence[str], sorts: Mapping[str, str]) -> Data:
    if isinstance(value, str):
        return {"text": text(value)}
    return {"text": text(value[0]), "test": _test(value[1], sorts)}


def _situation(key: str, value: str | Sequence[str], sorts: Mapping[str, str]) -> Data:
    if isinstance(value, str):
        return {"key": key, "name": text(value)}
    return {"key": key, "name": text(value[0]), "when": [_test(one, sorts) for one in value[1:]]}


def _test(value: str, sorts: Mapping[str, str]) -> Data:
    """`household.age >= 60`: the value, then its unary test."""
    name, _space, accepts = value.partition(" ")
    return {"value": name, "sort": sorts[name], "accepts": accepts}


def _material(value: str | Mapping[str, Any], materials: Mapping[str, Mapping[str, Any]]) -> Data:
    """`key`, `key?` where it is not needed always, `key@situation,situation`; or an object that `use`s a key, or a whole one."""
    if isinstance(value, str):
        key, _at, situations = value.partition("@")
        value = {"use": key.rstrip("?"), "required": not key.endswith("?")}
        if situations:
            value["situations"] = situations.split(",")
    own = {name: one for name, one in value.items() if name != "use"}
    base = materials[value["use"]] if "use" in value else {}
    made: Data = {"key": value.get("use", ""), **base, **own}
    if isinstance(made.get("source"), str):
        register, _colon, fields = made["source"].partition(":")
        basis = text(materials["_"]["legal_basis"])
        made["source"] = {"register": register, "fields": fields.replace(" ", "").split(","), "legal_basis": basis}
        if made.pop("consent", False):
            made["source"]["consent"] = True
    return _texts(made, ("name", "standard", "guidance", "basis", "channel_note"))


def _form(fields: Mapping[str, Any]) -> Data:
    """`kind*|标题|Title|register.field`: `*` for what must be filled in; with a list, its second member are the choices."""
    if not fields or "properties" in fields:
        return dict(fields)
    properties = {name: _property(one) for name, one in fields.items()}
    required = [name for name, one in properties.items() if one.pop("required")]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _property(value: str | Sequence[Any]) -> Data:
    written, choices, more = (value, {}, {}) if isinstance(value, str) else (*value, {}, {})[:3]
    kind, zh, en, prefill = [*str(written).split("|"), "", ""][:4]
    made: Data = {
        **SCHEMAS[kind.rstrip("*")],
        "title": zh,
        "x-title": {"zh": zh, "en": en},
        "required": kind.endswith("*"),
    }
    if prefill:
        made["x-prefill"] = prefill
    if choices:
        made["enum"] = list(choices)
        made["x-choices"] = {code: text(one) for code, one in choices.items()}
    if "help" in more:
        made["x-help"] = text(more["help"])
    return made | {name: one for name, one in more.items() if name != "help"}


def _sort(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "date":
        return "date"
    return {"boolean": "boolean", "integer": "number", "number": "number"}.get(str(schema.get("type")), "string")


def _result(value: str) -> Data:
    """`kind|名称|Name|certificate type|months`."""
    kind, zh, en, certificate, months = [*value.split("|"), "", ""][:5]
    return {"kind": kind, "name": {"zh": zh, "en": en}, "certificate_type": certificate, "months": int(months or 0)}


def _fee(value: Mapping[str, Any]) -> Data:
    return _texts(value, ("name", "standard", "basis", "reduction_basis"))
