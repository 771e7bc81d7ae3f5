"""What a step, a deed or a form asks for, as fields of a page that works without JavaScript, and what was sent as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.deeds.deed import Deed
from onecity.kernel.cases.logic.definition import Definition, Transition
from onecity.kernel.cases.logic.provisions import Choice, Form
from onecity.kernel.cases.types import in_language

Kind = Literal["text", "long", "number", "date", "select", "many", "check", "parts"]
# answers to a form are sent under names that cannot be mistaken for those of the page itself
PREFIX: Final = "answer."
LONG_TEXT = 200
MOST_PART_ROWS = 5


@dataclass(frozen=True)
class Field:
    """One field: its name in the form sent, what it is called, how it is entered, the values offered, what was sent (the
    first of it, and all), and what is wrong with that."""

    name: str
    label: object
    kind: Kind = "text"
    choices: Sequence[tuple[str, object]] = ()
    required: bool = True
    help: object = ""
    most: float | None = None
    value: str = ""
    chosen: Sequence[str] = ()
    error: object = ""
    rows: Sequence[int] = field(default=tuple(range(MOST_PART_ROWS)))


def of_step(step: Transition, kind: Definition) -> list[Field]:
    """What a step of the life cycle asks for beside a note and files."""
    found: list[Field] = []
    if step.reasons:
        found.append(Field("reason", _("Ground"), "select", offered(step.reasons)))
    if step.results:
        found.append(Field("result", _("How it was settled"), "select", offered(kind.results)))
    return found + (of_form(step.form) if step.form else [])


def of_deed(deed: Deed, kind: Definition, offices: Sequence[tuple[UUID, str]]) -> list[Field]:
    """What a deed asks for beside a note."""
    rules = {"ask_extension": kind.extension, "suspend": kind.suspension}
    rule = rules.get(deed.name)
    bodies = [(str(one), name) for one, name in offices]
    found: list[Field] = []
    if "amount" in deed.asks and kind.extension is not None:
        most = kind.extension.most
        found.append(
            Field(
                "amount",
                UNITS[most.unit],
                "number",
                help=_("at most %(most)g") % {"most": most.amount},
                most=most.amount,
            )
        )
    if "reason" in deed.asks and rule is not None and rule.reasons:
        found.append(Field("reason", _("Ground"), "select", offered(rule.reasons)))
    if "reached" in deed.asks:
        found.append(Field("reached", _("Was the resident reached?"), "select", [("yes", _("Yes")), ("no", _("No"))]))
    if "organisations" in deed.asks:
        found.append(Field("organisations", _("Offices"), "many", bodies))
    if "body" in deed.asks and kind.forwarding is not None:
        found.append(Field("body", _("Outside body"), "select", offered(kind.forwarding.bodies)))
    if "parts" in deed.asks:
        found.append(Field("parts", _("Parts"), "parts", bodies))
    return found


UNITS: Final[Mapping[str, object]] = {
    "working_hours": _("Working hours more"),
    "working_days": _("Working days more"),
    "calendar_days": _("Calendar days more"),
}


def offered(choices: Sequence[Choice]) -> list[tuple[str, object]]:
    """A fixed list in the reader's language."""
    return [(choice.code, in_language(choice.title)) for choice in choices]


def of_form(form: Form) -> list[Field]:
    """The fields of a form, in the order that its `ui` gives (the rest behind, as declared)."""
    properties: Mapping[str, Any] = form.schema.get("properties", {})
    order = [name for name in form.ui.get("order", ()) if name in properties]
    needed = set(form.schema.get("required", ()))
    return [
        _field(name, properties[name], form.ui.get("fields", {}).get(name, {}), required=name in needed)
        for name in [*order, *(name for name in properties if name not in order)]
    ]


def filled(form: Form, post: QueryDict, wrong: Mapping[str, object]) -> list[Field]:
    """The fields of a form as they were sent, with what is wrong by the name of each answer."""
    return [
        replace(
            one,
            value=post.get(one.name, ""),
            chosen=tuple(post.getlist(one.name)),
            error=wrong.get(one.name.removeprefix(PREFIX), ""),
        )
        for one in of_form(form)
    ]


def _field(name: str, schema: Mapping[str, Any], ui: Mapping[str, Any], *, required: bool) -> Field:
    values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    titles: Mapping[str, Any] = ui.get("choices", {})
    return Field(
        PREFIX + name,
        in_language(ui.get("title", {})) or name,
        _kind(schema),
        [(str(value), in_language(titles.get(str(value), {})) or str(value)) for value in values],
        required,
        in_language(ui.get("help", {})),
        schema.get("maximum"),
    )


def _kind(schema: Mapping[str, Any]) -> Kind:
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
    return "long" if schema.get("maxLength", 0) > LONG_TEXT else "text"


def read(post: QueryDict, forms: Sequence[Form]) -> dict[str, Any]:
    """What was sent, as the data of an act; an empty field was not sent."""
    found: dict[str, Any] = {
        name: post[name] for name in ("reason", "result", "amount", "reached", "body") if post.get(name)
    }
    if post.getlist("organisations"):
        found["organisations"] = post.getlist("organisations")
    parts = [
        {"title": title, "organisation_id": body}
        for title, body in zip(post.getlist("part_title"), post.getlist("part_body"), strict=False)
        if title.strip()
    ]
    if parts:
        found["parts"] = parts
    answers = {name: value for form in forms for name, value in _answers(post, form).items()}
    return found | ({"answers": answers} if answers else {})


def _answers(post: QueryDict, form: Form) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, schema in form.schema.get("properties", {}).items():
        sent = [value for value in post.getlist(PREFIX + name) if value.strip()]
        if schema.get("type") == "array":
            found |= {name: sent} if sent else {}
        elif schema.get("type") == "boolean":
            found[name] = bool(sent)
        elif sent:
            found[name] = _typed(sent[0], schema.get("type"))
    return found


def _typed(text: str, kind: object) -> object:
    """Numbers as numbers; what is none stays as it was written, and the schema says that it is not."""
    try:
        if kind == "integer":
            return int(text)
        return float(text) if kind == "number" else text
    except ValueError:
        return text
