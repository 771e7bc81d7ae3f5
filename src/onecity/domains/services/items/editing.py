"""A content as fields of a form that works without a script, and what was sent as a content again.

Lists are written one entry a line, members between bars. What the form does not show (tests of conditions, forms, situations)
stays as it is; everything can be written as JSON.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.items import navigation
from onecity.domains.services.items.checking import Told
from onecity.domains.services.items.logic import reading
from onecity.domains.services.items.logic.codes import LISTS
from onecity.domains.services.items.logic.exchange import Column, at, cell_of, put, value_of
from onecity.domains.services.items.logic.reading import ItemError
from onecity.kernel.cases.types import in_language

BAR: Final = "|"
LONG: Final = frozenset({"summary", "enquiries", "complaints"})
TEXTS: Final = (
    ("name", _("Name")),
    ("summary", _("In one or two sentences")),
    ("enquiries", _("Questions to")),
    ("complaints", _("Complaints to")),
)
PLAIN: Final = (
    ("authority.uscc", _("Code of the body")),
    ("official.catalog_code", _("Basic code")),
    ("official.task_code", _("Implementation code")),
    ("decision", _("Decision table")),
    ("entitlement", _("Table of who is entitled")),
)
SELECTS: Final = (
    ("kind", _("Kind of item"), "kind"),
    ("case_kind", _("Kind of handling"), "case_kind"),
    ("authority.level", _("Level of exercise"), "level"),
    ("authority.power_source", _("Source of the power"), "power_source"),
    ("channels.online_depth", _("Depth online"), "online_depth"),
    ("channels.range", _("Where it can be done"), "range"),
)
FLAGS: Final = (
    ("automatic", _("Decided automatically by the table")),
    ("channels.in_hall", _("At the service centre")),
    ("channels.post", _("By post")),
    ("channels.payment", _("Payment online")),
    ("channels.appointment", _("By appointment")),
    ("channels.kiosk", _("At self-service terminals")),
)
MANY: Final = (("audience", _("Who it is for"), "audience"), ("channels.forms", _("Ways of handling"), "form"))
UNITS: Final = (
    ("working_hours", _("working hours")),
    ("working_days", _("working days")),
    ("calendar_days", _("calendar days")),
)
LIMITS: Final = (("limits.statutory", _("By law at most")), ("limits.promised", _("Promised")))


@dataclass(frozen=True)
class Lines:
    """A list that is written one entry a line; the first column tells which entry it is."""

    part: str
    label: object
    help: object
    columns: tuple[Column, ...]


def _both(path: str) -> tuple[Column, Column]:
    return Column("中文", f"{path}.zh"), Column("English", f"{path}.en")


LISTED: Final[tuple[Lines, ...]] = (
    Lines("conditions", _("Who may have it"), _("中文 | English"), _both("text")),
    Lines(
        "materials",
        _("Materials"),
        _(
            "short name | 中文 | English | required 是/否 | certificate type | hand-in possible 是/否 | promise possible 是/否"
        ),
        (
            Column("key", "key"),
            *_both("name"),
            Column("required", "required", "flag"),
            Column("certificate", "certificate_type"),
            Column("upload", "upload", "flag"),
            Column("commitment", "commitment", "flag"),
        ),
    ),
    Lines("steps", _("Steps"), _("中文 | English | who, 中文 | who, English"), (*_both("name"), *_both("by"))),
    Lines(
        "results",
        _("Results"),
        _("中文 | English | kind (1 certificate, 2 approval, 3 other) | certificate type | months"),
        (
            *_both("name"),
            Column("kind", "kind"),
            Column("certificate", "certificate_type"),
            Column("months", "months", "integer"),
        ),
    ),
    Lines(
        "fees",
        _("Fees"),
        _("中文 | English | how much, 中文 | how much, English | basis, 中文 | basis, English"),
        (*_both("name"), *_both("standard"), *_both("basis")),
    ),
    Lines(
        "faq",
        _("Often asked"),
        _("question, 中文 | English | answer, 中文 | English"),
        (*_both("question"), *_both("answer")),
    ),
    Lines(
        "legal_basis",
        _("Rests on"),
        _("中文 | English | number | clause | still to be compared 是/否"),
        (*_both("name"), Column("number", "number"), Column("clause", "clause"), Column("check", "to_check", "flag")),
    ),
)


@dataclass(frozen=True)
class Edited:
    """What was sent as a content, and what of it could not be read."""

    content: dict[str, Any]
    wrong: list[Told]


def shown(data: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the form shows of a content; what it does not say is shown as it is usual."""
    words = navigation.words()
    data = _whole(data)
    return {
        "texts": [(name, label, name in LONG, _languages(at(data, name))) for name, label in TEXTS],
        "plain": [(name, label, at(data, name) or "") for name, label in PLAIN],
        "selects": [(name, label, _options(name_of, at(data, name))) for name, label, name_of in SELECTS],
        "flags": [(name, label, _flag(data, name)) for name, label in FLAGS],
        "many": [(name, label, _options(name_of, at(data, name))) for name, label, name_of in MANY],
        "words": "\n".join(data.get("words", ())),
        "shelves": [
            ("themes", _("Themes"), _marked(words.themes, data.get("themes", ()))),
            ("life_events", _("Life events"), _marked(words.life_events, data.get("life_events", ()))),
        ],
        "limits": [(name, label, at(data, f"{name}.amount"), at(data, f"{name}.unit")) for name, label in LIMITS],
        "units": UNITS,
        "lines": [(one, _written(data.get(one.part, ()), one)) for one in LISTED],
        "visits": at(data, "channels.visits") or 0,
        "visit_reason": _languages(at(data, "channels.visit_reason")),
    }


def _whole(data: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        found: dict[str, Any] = reading.full(reading.read(data))
    except ItemError:
        return data  # a draft that cannot be read yet is shown as far as it goes
    return found


def read(post: QueryDict, data: Mapping[str, Any]) -> Edited:
    """What was sent; what the form does not show stays as it is in `data`."""
    made: dict[str, Any] = copy.deepcopy(dict(data))
    wrong: list[Told] = []
    for name in (*(name for name, _label in TEXTS), "channels.visit_reason"):
        _put_text(made, name, post)
    for name in (*(name for name, _label in PLAIN), *(name for name, _label, _list in SELECTS)):
        if name in post:
            _put_or_drop(made, name, post.get(name, "").strip())
    for name, _label in FLAGS:
        put(made, name, name in post)
    for name in (*(name for name, _label, _list in MANY), "themes", "life_events"):
        put(made, name, post.getlist(name))
    made["words"] = [line.strip() for line in post.get("words", "").splitlines() if line.strip()]
    _numbers(made, post, wrong)
    for one in LISTED:
        if one.part in post:
            made[one.part] = list(_rows(post.get(one.part, ""), made.get(one.part, ()), one, wrong))
    return Edited(made, wrong)


def _numbers(made: dict[str, Any], post: QueryDict, wrong: list[Told]) -> None:
    for name, _label in LIMITS:
        before = (at(made, f"{name}.amount"), at(made, f"{name}.unit"))
        _number(made, f"{name}.amount", post, wrong)
        put(made, f"{name}.unit", post.get(f"{name}.unit", "working_days"))
        if before != (at(made, f"{name}.amount"), at(made, f"{name}.unit")):
            made["limits"][name.split(".")[1]].pop("text", None)  # the words of another span of time
    _number(made, "channels.visits", post, wrong, whole=True)


def _number(made: dict[str, Any], name: str, post: QueryDict, wrong: list[Told], *, whole: bool = False) -> None:
    text = post.get(name, "").strip()
    try:
        put(made, name, value_of(text or "0", "integer" if whole else "number"))
    except ValueError:
        wrong.append(Told(name, "mistake", str(_("“%(text)s” is no number.") % {"text": text})))


def _rows(text: str, before: Sequence[Any], lines: Lines, wrong: list[Told]) -> Iterator[dict[str, Any]]:
    first = lines.columns[0].path
    kept = {str(at(one, first)): one for one in before}
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        cells = [cell.strip() for cell in line.split(BAR)]
        if len(cells) > len(lines.columns):
            sentence = _("Line %(n)s has more parts than there may be.") % {"n": number}
            wrong.append(Told(lines.part, "mistake", str(sentence)))
            continue
        made: dict[str, Any] = copy.deepcopy(dict(kept.get(cells[0], {})))
        for column, cell in zip(lines.columns, [*cells, *[""] * len(lines.columns)], strict=False):
            _set(made, column, cell, lines.part, wrong)
        yield made


def _set(made: dict[str, Any], column: Column, cell: str, part: str, wrong: list[Told]) -> None:
    if not cell:
        _put_or_drop(made, column.path, "")
        return
    try:
        put(made, column.path, value_of(cell, column.kind))
    except ValueError:
        wrong.append(
            Told(
                part,
                "mistake",
                str(_("“%(text)s” is not possible in the column %(column)s.") % {"text": cell, "column": column.title}),
            )
        )


def _written(rows: Sequence[Any], lines: Lines) -> str | None:
    """The rows as lines; None where a text has a bar or a new line itself, so that only JSON can hold it."""
    cells = [[cell_of(at(row, column.path), column.kind) for column in lines.columns] for row in rows]
    texts = [[("" if cell is None else str(cell)) for cell in row] for row in cells]
    if any(BAR in cell or "\n" in cell for row in texts for cell in row):
        return None
    return "\n".join(f" {BAR} ".join(row).rstrip(f" {BAR}") for row in texts)


def _put_text(made: dict[str, Any], name: str, post: QueryDict) -> None:
    if f"{name}.zh" not in post:
        return
    found = {language: post.get(f"{name}.{language}", "").strip() for language in ("zh", "en")}
    _put_or_drop(made, name, {language: text for language, text in found.items() if text})


def _put_or_drop(made: dict[str, Any], path: str, value: object) -> None:
    if value:
        put(made, path, value)
        return
    *heads, last = path.split(".")
    inner: Any = made
    for head in heads:
        inner = inner.get(head, {})
    inner.pop(last, None)


def _languages(text: object) -> list[tuple[str, str]]:
    found = text if isinstance(text, Mapping) else {}
    return [(language, str(found.get(language, ""))) for language in ("zh", "en")]


def _flag(data: Mapping[str, Any], name: str) -> bool:
    found = at(data, name)
    return found is True or (found is None and name == "channels.in_hall")


def _options(list_name: str, chosen: object) -> list[tuple[str, str, bool]]:
    picked = chosen if isinstance(chosen, list | tuple) else (chosen,)
    return [(code, in_language(one.label), code in picked) for code, one in LISTS[list_name].by_code.items()]


def _marked(words: Mapping[str, navigation.Word], chosen: Sequence[str]) -> list[tuple[str, str, bool]]:
    return [(key, in_language(word.name), key in chosen) for key, word in words.items()]
