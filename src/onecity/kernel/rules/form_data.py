"""Between what a form of a rule holds and the data that are stored: minutes and weeks here, seconds there."""

from collections.abc import Mapping
from typing import Any

from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.logic import codec
from onecity.kernel.rules.logic.conditions import SEVERITIES, Kind, Severity

MINUTE, WEEK = 60, 604_800


def initial_of(found: Definition) -> dict[str, Any]:
    """Return what the form shows of a definition."""
    data = codec.to_data(found.condition)
    factor = 1 / MINUTE if found.condition.kind is Kind.ABSENCE else 1.0
    initial: dict[str, Any] = {
        "title_zh": found.titles.get("zh-hans", ""),
        "title_en": found.titles.get("en", ""),
        "description_zh": found.descriptions.get("zh-hans", ""),
        "description_en": found.descriptions.get("en", ""),
        "watched": found.channel,
        "place": found.division_path,
        "properties": "\n".join(f"{name} = {value}" for name, value in found.properties.items()),
        "case_type": found.case_type,
        "case_from": found.case_from.value,
        "direction": data["direction"],
        "duration": data["duration_seconds"] / MINUTE,
        "per": data.get("per_seconds"),
        "max_gap": data.get("max_gap_seconds", 0) / MINUTE,
        "span": data.get("span_seconds", 0) / MINUTE,
        "history": data.get("history_seconds", 0) / WEEK,
    }
    initial |= {
        name: data[name] for name in ("function", "minimum_count", "share_above", "minimum_spread") if name in data
    }
    for level in data["levels"]:
        initial[f"raise_{level['severity']}"] = level["raise_at"] * factor
        initial[f"clear_{level['severity']}"] = level["clear_at"] * factor
    return {name: _short(value) for name, value in initial.items()}


def _short(value: Any) -> Any:
    """Return a whole number as one, so that a field shows 60 and not 60.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_data(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a definition from the cleaned values of a form."""
    entity_type, _dot, attribute = values["watched"].partition(".")
    return {
        "titles": {"zh-hans": values["title_zh"], "en": values["title_en"]},
        "descriptions": {"zh-hans": values["description_zh"], "en": values["description_en"]},
        "entity_type": entity_type,
        "attribute": attribute,
        "division_path": values["place"],
        "properties": _properties(values["properties"]),
        "case_type": values["case_type"],
        "case_from": values["case_from"] or Severity.BLUE.value,
        "condition": _condition(kind, values),
    }


def _condition(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    factor = MINUTE if kind is Kind.ABSENCE else 1
    data: dict[str, Any] = {
        "kind": kind.value,
        "levels": [
            {"severity": s.value, "raise_at": values[f"raise_{s}"] * factor, "clear_at": values.get(f"clear_{s}")}
            for s in SEVERITIES
            if values[f"raise_{s}"] is not None
        ],
    }
    same = ("direction", "function", "minimum_count", "share_above")
    data |= {name: values[name] for name in same if values.get(name) not in {None, ""}}
    spans = (("duration", MINUTE), ("max_gap", MINUTE), ("span", MINUTE), ("per", 1), ("history", WEEK))
    data |= {f"{name}_seconds": values[name] * unit for name, unit in spans if values.get(name) is not None}
    if "minimum_spread" in values:
        data["minimum_spread"] = values["minimum_spread"] or 0.0
    return data


def _properties(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip():
            found[name.strip()] = _value(value.strip())
    return found


def _value(text: str) -> Any:
    """Return a number or a truth value where the text is one, since properties are compared as JSON."""
    if text in {"true", "false"}:
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
