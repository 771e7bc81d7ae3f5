"""A formula as fields of a page, what was sent as a formula, and differences in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.scoring.logic.card import PARTS
from onecity.kernel.cases.scoring.logic.checking import STARS
from onecity.kernel.cases.scoring.words import POINTS
from onecity.kernel.cases.types import in_language

LISTS: Final = (
    ("settled_by", _("Results that count as settled")),
    ("solved", _("Results that count as really solved")),
    ("proactive", _("Sources that count as found by ourselves")),
)
MORE_GROUPS: Final = 1


@dataclass(frozen=True)
class Difference:
    """What a formula says otherwise than the one before."""

    place: str
    before: str
    after: str


def shown(content: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields hold."""
    groups = [_group(one) for one in content.get("groups", ()) if isinstance(one, Mapping)]
    return {
        "weights": [(name, POINTS[name], _number(_in(content, "weights").get(name, 0))) for name in PARTS],
        "stars": [(star, _number(_in(content, "satisfaction").get(star, 0))) for star in STARS],
        "deduction": _number(content.get("deduction_per_late", 0)),
        "groups": [*groups, *({} for _row in range(MORE_GROUPS))],
        "lists": [(name, label, " ".join(map(str, content.get(name, ())))) for name, label in LISTS],
        "basis": content.get("basis", ""),
    }


def read(post: QueryDict, content: Mapping[str, Any]) -> dict[str, Any]:
    """The formula that was sent; what is no number stays as text, and the check says so."""
    return {
        **content,
        "weights": {name: _value(post.get(f"weight.{name}", "")) for name in PARTS},
        "satisfaction": {star: _value(post.get(f"star.{star}", "")) for star in STARS},
        "deduction_per_late": _value(post.get("deduction", "")),
        "groups": _groups(post),
        "basis": post.get("basis", "").strip()[:500],
        **{name: post.get(name, "").replace(",", " ").split()[:50] for name, _label in LISTS},
    }


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Where two formulas differ, in words."""
    before, after = _lines(old), _lines(new)
    return [
        Difference(place, before.get(place, ""), after.get(place, ""))
        for place in dict.fromkeys([*before, *after])
        if before.get(place, "") != after.get(place, "")
    ]


def _lines(content: Mapping[str, Any]) -> dict[str, str]:
    fields = shown(content)
    weight, rating, group = (str(one) for one in (_("Weight"), _("Rating"), _("Group")))
    found = {f"{weight} › {label}": value for _name, label, value in fields["weights"]}
    found |= {f"{rating} › {star} ★": value for star, value in fields["stars"]}
    found[str(_("Deduction for each late one"))] = fields["deduction"]
    found |= {
        f"{group} › {one['name']}": f"{one['zh']} · {one['en']} · {one['levels']}" for one in fields["groups"] if one
    }
    found |= {str(label): value for _name, label, value in fields["lists"]}
    return found | {str(_("Basis")): str(fields["basis"])}


def _group(one: Mapping[str, Any]) -> dict[str, str]:
    title = _in(one, "title")
    levels: Sequence[object] = one.get("levels", ())
    return {
        "name": str(one.get("name", "")),
        "title": in_language({key: str(text) for key, text in title.items()}),
        "zh": str(title.get("zh", "")),
        "en": str(title.get("en", "")),
        "levels": " ".join(map(str, levels)),
    }


def _groups(post: QueryDict) -> list[dict[str, Any]]:
    rows = zip(*(post.getlist(f"group.{name}") for name in ("name", "zh", "en", "levels")), strict=False)
    return [
        {
            "name": name.strip()[:40],
            "title": {key: text.strip()[:80] for key, text in (("zh", zh), ("en", en)) if text.strip()},
            "levels": levels.replace(",", " ").split(),
        }
        for name, zh, en, levels in rows
        if name.strip() or zh.strip()
    ]


def _in(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _value(text: str) -> float | str:
    try:
        return float(text.strip() or "0")
    except ValueError:
        return text.strip()[:40]
