"""The form of a kind of case as attributes of a service (GeoReport v2, "GET Service Definition"), and answers read back."""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from onecity.kernel.cases.logic.provisions import Form

DataType = Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
# longer answers may have several lines
LONG_TEXT: Final = 200
NAME = re.compile(r"attribute\[(?P<code>[^\[\]]{1,100})\](?P<many>\[\d*\])?\Z")
YES_NO: Final = ("true", "false")


def described(
    form: Form | None, title: Callable[[Mapping[str, str]], str], yes_no: tuple[str, str]
) -> list[dict[str, Any]]:
    """The attributes of a service in the order in which they are asked; `title` chooses the reader's language, `yes_no`
    are the names of the two answers to a question that has no others."""
    if form is None:
        return []
    needed = set(form.schema.get("required", ()))
    found = []
    for order, name in enumerate(_ordered(form), 1):
        schema, shown = _properties(form)[name], form.ui.get("fields", {}).get(name, {})
        datatype = datatype_of(schema)
        found.append(
            {
                "variable": not schema.get("readOnly", False),
                "code": name,
                "datatype": datatype,
                "required": name in needed,
                "datatype_description": title(shown.get("help", {})) or None,
                "order": order,
                "description": title(shown.get("title", {})) or name,
            }
        )
        if datatype in {"singlevaluelist", "multivaluelist"}:
            found[-1]["values"] = _values(schema, shown, title, yes_no)
    return found


def datatype_of(schema: Mapping[str, Any]) -> DataType:
    """What GeoReport calls this kind of answer."""
    if schema.get("type") == "array":
        return "multivaluelist"
    if schema.get("enum") or schema.get("type") == "boolean":
        return "singlevaluelist"
    if schema.get("type") in {"integer", "number"}:
        return "number"
    if schema.get("format") in {"date", "date-time"}:
        return "datetime"
    return "text" if schema.get("maxLength", 0) > LONG_TEXT else "string"


def _values(
    schema: Mapping[str, Any],
    shown: Mapping[str, Any],
    title: Callable[[Mapping[str, str]], str],
    yes_no: tuple[str, str],
) -> list[dict[str, str]]:
    if schema.get("type") == "boolean":
        return [{"key": key, "name": name} for key, name in zip(YES_NO, yes_no, strict=True)]
    keys = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    titles = shown.get("choices", {})
    return [{"key": str(key), "name": title(titles.get(str(key), {})) or str(key)} for key in keys]


def read(form: Form | None, sent: Sequence[tuple[str, Sequence[str]]]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Answers to the form, as its schema types them, and those to questions that it does not ask, by code.

    `sent`: names of fields with their values, of which only `attribute[code]` and `attribute[code][]` count. An empty value
    is none. What cannot be typed stays as it was written, so that the schema says what is wrong with it.
    """
    properties = _properties(form) if form else {}
    collected: dict[str, list[str]] = {}
    for name, values in sent:
        match = NAME.match(name)
        if match:
            collected.setdefault(match["code"], []).extend(value for value in values if value.strip())
    answers = {
        code: _typed(values, properties[code]) for code, values in collected.items() if code in properties and values
    }
    return answers, {code: values for code, values in collected.items() if code not in properties and values}


def _typed(values: list[str], schema: Mapping[str, Any]) -> Any:
    if schema.get("type") == "array":
        # some clients send a list as one value with commas
        known = {str(one) for one in schema.get("items", {}).get("enum", ())}
        single = values if len(values) > 1 or values[0] in known else values[0].split(",")
        return list(dict.fromkeys(_enumerated(one.strip(), schema.get("items", {})) for one in single))
    text = values[-1].strip()
    kind = schema.get("type")
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    if kind in {"integer", "number"}:
        return _number(text, whole=kind == "integer")
    if schema.get("format") == "date":
        return _day(text)
    return _enumerated(text, schema)


def _enumerated(text: str, schema: Mapping[str, Any]) -> Any:
    return next((one for one in schema.get("enum", ()) if str(one) == text), text)


def _number(text: str, *, whole: bool) -> float | int | str:
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if whole and number == int(number) else number


def _day(text: str) -> str:
    try:
        return dt.datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return text


def _properties(form: Form) -> Mapping[str, Any]:
    found: Mapping[str, Any] = form.schema.get("properties", {})
    return found


def _ordered(form: Form) -> list[str]:
    properties = _properties(form)
    first = [name for name in form.ui.get("order", ()) if name in properties]
    return [*first, *(name for name in properties if name not in first)]
