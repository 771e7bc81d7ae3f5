"""The common things of a definition as fields of a page: titles, limits, who is asked, grounds, results, side paths.

What the fields do not show (states, steps, forms) stays as it is and is edited as JSON. Lists are written one a line,
`code | 中文 | English`, so that a long list is pasted from a table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.kinds.checking import Wrong

LANGUAGES: Final = ("zh", "en")
TEXTS: Final = (
    ("title", _("Title")),
    ("description", _("Description")),
    ("opens_when", _("Opened when")),
    ("settled_when", _("Settled when")),
)
UNITS: Final = (
    ("working_hours", _("working hours")),
    ("working_days", _("working days")),
    ("calendar_days", _("calendar days")),
)
SWITCHES: Final = (
    ("manual", _("Staff may open it by hand"), True),
    ("residents", _("Residents may report it"), False),
    ("parts", _("It may be split into parts"), False),
    ("joint", _("Several bodies may be asked, one leads"), False),
)
LEVELS: Final = (
    ("public", _("Published as far as said below")),
    ("internal", _("Internal: staff only, never published")),
    ("confidential", _("Confidential: only holders of the right “See confidential cases”")),
)
PUBLICATIONS: Final = (
    ("nothing", _("Nothing is public")),
    ("facts", _("Kind, division, state and times")),
    ("words", _("Also where it is, and words and photos that a person released")),
)
ERASED: Final = (
    ("reporter", _("who reported it")),
    ("files", _("photos and files")),
    ("words", _("the words of people")),
)
MORE_ROWS: Final = 2


@dataclass
class Edited:
    """A definition after the fields were read, and what could not be read in them."""

    definition: dict[str, Any]
    wrong: list[Wrong] = field(default_factory=list)


def shown(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields hold, for the page."""
    limits = [dict(one) for one in definition.get("limits", ()) if isinstance(one, Mapping)]
    routes = [dict(one) for one in definition.get("routes", ()) if isinstance(one, Mapping)]
    return {
        "texts": [(name, label, [(key, _in(definition.get(name), key)) for key in LANGUAGES]) for name, label in TEXTS],
        "limits": [_with_severities(one) for one in (*limits, *({} for _row in range(MORE_ROWS)))],
        "routes": [_with_severities(one) for one in (*routes, *({} for _row in range(MORE_ROWS)))],
        "switches": [(name, label, bool(definition.get(name, usual))) for name, label, usual in SWITCHES],
        "stages": stages(definition),
        "units": UNITS,
        "results": written(definition.get("results", ())),
        "reasons": [
            (step["name"], _in(step.get("title"), "zh"), _in(step.get("title"), "en"), written(step.get("reasons", ())))
            for step in definition.get("transitions", ())
            if isinstance(step, Mapping) and "name" in step
        ],
        "extension": definition.get("extension") or {},
        "suspension": definition.get("suspension") or {},
        "reopens_days": definition.get("reopens_days", 0),
        "severity": definition.get("severity", ""),
        **_openness(definition),
    }


def _openness(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Who may know of such a case, what of it is published, and how long personal data is kept."""
    retention = definition.get("retention") or {}
    erased = retention.get("erase", [name for name, _label in ERASED])
    return {
        "levels": [(name, label, name == definition.get("level", "public")) for name, label in LEVELS],
        "publications": [(name, label, name == definition.get("publication", "facts")) for name, label in PUBLICATIONS],
        "rounded_m": definition.get("rounded_m", 0),
        "retention_years": retention.get("years", ""),
        "erased": [(name, label, name in erased) for name, label in ERASED],
    }


def stages(definition: Mapping[str, Any]) -> list[str]:
    """The stages that its states name, each once."""
    states = [one for one in definition.get("states", ()) if isinstance(one, Mapping)]
    return list(dict.fromkeys(str(one["stage"]) for one in states if one.get("stage")))


def read(post: QueryDict, definition: Mapping[str, Any]) -> Edited:
    """The definition with what was sent in the fields; every line that cannot be read is named."""
    edited = Edited(dict(definition))
    for name, _label in TEXTS:
        texts = {key: post.get(f"{name}.{key}", "").strip() for key in LANGUAGES}
        if all(text == _in(definition.get(name), key) for key, text in texts.items()):
            continue
        _put(edited.definition, name, {key: text for key, text in texts.items() if text})
    for name, _label, usual in SWITCHES:
        edited.definition.pop(name, None)
        if (name in post) != usual:
            edited.definition[name] = not usual
    _put(edited.definition, "severity", post.get("severity", ""))
    _put(edited.definition, "reopens_days", _number(post.get("reopens_days", ""), "reopens_days", edited, int))
    _put(edited.definition, "limits", _rows(post, "limit", ("stage", "amount", "unit"), edited))
    _put(edited.definition, "routes", _rows(post, "route", ("organisation", "level", "role"), edited))
    _put(edited.definition, "results", _choices(post.get("results", ""), "results", edited))
    if isinstance(definition.get("transitions"), list):
        edited.definition["transitions"] = [_step(post, step, edited) for step in definition["transitions"]]
    _read_openness(post, edited)
    _rule(post, "extension", "most", edited)
    _rule(post, "suspension", "review", edited)
    return edited


def _read_openness(post: QueryDict, edited: Edited) -> None:
    # what is usual is left out, as everywhere
    for name, usual in (("level", "public"), ("publication", "facts")):
        value = post.get(name, usual)
        _put(edited.definition, name, "" if value == usual else value)
    _put(edited.definition, "rounded_m", _number(post.get("rounded_m", ""), "rounded_m", edited, int))
    years = post.get("retention.years", "").strip()
    if not years:
        edited.definition.pop("retention", None)
        return
    rule: dict[str, Any] = {"years": _number(years, "retention.years", edited, int)}
    erase = [name for name, _label in ERASED if name in post.getlist("retention.erase")]
    if len(erase) < len(ERASED):
        rule["erase"] = erase
    edited.definition["retention"] = rule


def written(choices: Sequence[Mapping[str, Any]]) -> str:
    """A list of choices, one a line."""
    return "\n".join(
        " | ".join([str(one.get("code", "")), *(_in(one.get("title"), key) for key in LANGUAGES)]) for one in choices
    )


def _choices(text: str, place: str, edited: Edited) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        code, *titles = (part.strip() for part in line.split("|"))
        named = {key: title for key, title in zip(LANGUAGES, titles, strict=False) if title}
        if not code or not named or len(titles) > len(LANGUAGES):
            edited.wrong.append(Wrong(place, _("Line %(n)s: write it as “code | 中文 | English”.") % {"n": number}))
            continue
        found.append({"code": code, "title": named})
    return found


def _step(post: QueryDict, step: Any, edited: Edited) -> Any:
    key = f"reasons.{step.get('name')}" if isinstance(step, Mapping) else ""
    if key not in post:
        return step
    changed = dict(step)
    _put(changed, "reasons", _choices(post.get(key, ""), f"transitions.{step['name']}.reasons", edited))
    return changed


def _rows(post: QueryDict, prefix: str, names: Sequence[str], edited: Edited) -> list[dict[str, Any]]:
    """Rows of a table; those that were there keep what the table does not show."""
    kept = edited.definition.get(f"{prefix}s", [])
    found = []
    for number, values in enumerate(zip(*(post.getlist(f"{prefix}.{name}") for name in names), strict=False)):
        sent = {name: value.strip() for name, value in zip(names, values, strict=True) if value.strip()}
        if not set(sent) - {"unit", "stage"}:
            continue
        row = dict(kept[number]) if number < len(kept) and isinstance(kept[number], Mapping) else {}
        for name in names:
            row.pop(name, None)
        row |= sent
        if "amount" in sent:
            row["amount"] = _number(sent["amount"], f"limits.{number}.amount", edited, float)
        severities = [one for one in post.get(f"{prefix}.{number}.severities", "").replace(",", " ").split() if one]
        _put(row, "severities", severities)
        found.append(row)
    return found


def _rule(post: QueryDict, name: str, span: str, edited: Edited) -> None:
    amount = post.get(f"{name}.amount", "").strip()
    if not amount:
        edited.definition.pop(name, None)
        return
    rule = dict(edited.definition.get(name) or {})
    rule[span] = {
        "amount": _number(amount, f"{name}.{span}.amount", edited, float),
        "unit": post.get(f"{name}.unit", "working_days"),
    }
    if name == "extension":
        rule["times"] = _number(post.get("extension.times", "1"), "extension.times", edited, int) or 1
    edited.definition[name] = rule


def _number(text: str, place: str, edited: Edited, kind: Callable[[str], float]) -> float:
    try:
        return kind(text.strip() or "0")
    except ValueError:
        edited.wrong.append(Wrong(place, _("“%(text)s” is no number.") % {"text": text}))
        return 0


def _with_severities(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"severities": " ".join(row.get("severities", ()))}


def _in(title: object, key: str) -> str:
    return str(title.get(key, "")) if isinstance(title, Mapping) else ""


def _put(data: dict[str, Any], name: str, value: Any) -> None:
    """Set a member, or leave it out where it says what is usual."""
    if value in (None, "", 0, [], {}):
        data.pop(name, None)
    else:
        data[name] = value
