"""The fields of a form from its JSON Schema, as a page shows them without a script, and what was sent back as values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["text", "long", "number", "date", "select", "many", "check", "phone"]
Words = Callable[[Mapping[str, str]], str]
LONG_TEXT: Final = 200
# names of the fields of a page, which cannot be mistaken for those of the page itself
PREFIX: Final = "answer."


@dataclass(frozen=True, slots=True)
class Field:
    """One field with its value. `source`: the `register.field` from which it was filled in, if nothing else was said."""

    name: str
    label: str
    kind: Kind
    required: bool
    value: Any = ""
    choices: Sequence[tuple[str, str]] = ()
    help: str = ""
    pattern: str = ""
    longest: int | None = None
    least: float | None = None
    most: float | None = None
    source: str = ""
    error: str = ""

    @property
    def sent_as(self) -> str:
        """Its name in the form."""
        return PREFIX + self.name

    @property
    def shown(self) -> str:
        """Its value as people read it."""
        if self.kind == "many":
            named = dict(self.choices)
            return "、".join(named.get(str(one), str(one)) for one in self.value or ())
        return dict(self.choices).get(str(self.value), str(self.value)) if self.value not in {None, ""} else ""


def of_form(
    form: Mapping[str, Any],
    names: Sequence[str],
    said: Mapping[str, Any],
    words: Words,
    errors: Mapping[str, str] | None = None,
    known: Mapping[str, Any] | None = None,
) -> list[Field]:
    """These fields of a form with what was said. `known`: what registers answered, to tell what was filled in from there."""
    needed = set(form.get("required", ()))
    properties: Mapping[str, Any] = form.get("properties", {})
    return [
        _field(name, properties[name], said.get(name), words, name in needed, (errors or {}).get(name, ""), known or {})
        for name in names
    ]


def _field(
    name: str,
    schema: Mapping[str, Any],
    value: Any,
    words: Words,
    required: bool,
    error: str,
    known: Mapping[str, Any],
) -> Field:
    values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    titles: Mapping[str, Mapping[str, str]] = schema.get("x-choices", {})
    source = str(schema.get("x-prefill", ""))
    came = bool(source) and value is not None and value != "" and filled(schema, known.get(source)) == value
    return Field(
        name,
        words(schema.get("x-title", {})) or str(schema.get("title", name)),
        kind_of(schema),
        required,
        "" if value is None else value,
        [(str(one), words(titles.get(str(one), {})) or str(one)) for one in values],
        words(schema.get("x-help", {})),
        str(schema.get("pattern", "")),
        schema.get("maxLength"),
        schema.get("minimum"),
        schema.get("maximum"),
        source if came else "",
        error,
    )


def kind_of(schema: Mapping[str, Any]) -> Kind:
    """How a value is entered."""
    if schema.get("type") == "array":
        return "many"
    if schema.get("enum"):
        return "select"
    if schema.get("type") in {"integer", "number"}:
        return "number"
    if schema.get("type") == "boolean":
        return "check"
    if schema.get("format") == "date":
        return "date"
    if str(schema.get("pattern", "")).startswith("^[0-9+() -]"):
        return "phone"
    return "long" if (schema.get("maxLength") or 0) > LONG_TEXT else "text"


def read(form: Mapping[str, Any], names: Sequence[str], sent: Callable[[str], Sequence[str]]) -> dict[str, Any]:
    """What was sent for these fields, as the schema's kinds of value; an empty field is None."""
    properties: Mapping[str, Any] = form.get("properties", {})
    return {name: _value(properties[name], [one.strip() for one in sent(PREFIX + name)]) for name in names}


def filled(schema: Mapping[str, Any], value: Any) -> Any:
    """What a register answered, as the schema's kind of value."""
    if isinstance(value, list | tuple | bool) or schema.get("type") not in {"integer", "number", "string"}:
        return value
    return _value(schema, [str(value)])


def _value(schema: Mapping[str, Any], sent: Sequence[str]) -> Any:
    given = [one.replace("\0", "") for one in sent if one]
    if schema.get("type") == "array":
        return given or None
    if schema.get("type") == "boolean":
        return bool(given)
    if not given:
        return None
    try:
        if schema.get("type") == "integer":
            return int(given[0])
        return float(given[0]) if schema.get("type") == "number" else given[0]
    except ValueError:
        # what is no number stays as it was written, and the schema says that it is not
        return given[0]
