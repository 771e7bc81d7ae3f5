"""What one version of a rule says, as a checked value and as the JSON data that are stored, compared and exported."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.rules.logic import codec
from onecity.kernel.rules.logic.conditions import Condition, ConditionError, Severity
from onecity.kernel.rules.types import RuleDecl
from onecity.kernel.rules.wording import condition_fault
from onecity.kernel.twin.models import EntityKind

LONGEST_TITLE = 120
Titles = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of a rule: titles by language, what it watches, what it asks, and what it opens.

    It watches `attribute` of every entity of `entity_type` in `division_path` ("" = everywhere) whose properties contain
    `properties`. It opens a case of `case_type` ("" = none) once an alert is at least as grave as `case_from`.
    """

    titles: Titles
    entity_type: str
    attribute: str
    condition: Condition
    division_path: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    case_type: str = ""
    case_from: Severity = Severity.BLUE
    descriptions: Titles = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Return the title in the reader's language."""
        return in_language(self.titles)

    @property
    def description(self) -> str:
        """Return the description in the reader's language."""
        return in_language(self.descriptions)

    @property
    def channel(self) -> str:
        """Return the name of the engine's channel: entity type and attribute."""
        return f"{self.entity_type}.{self.attribute}"

    def to_data(self) -> dict[str, Any]:
        """Return the JSON data."""
        return {
            "titles": dict(self.titles),
            "descriptions": dict(self.descriptions),
            "entity_type": self.entity_type,
            "attribute": self.attribute,
            "condition": codec.to_data(self.condition),
            "division_path": self.division_path,
            "properties": dict(self.properties),
            "case_type": self.case_type,
            "case_from": self.case_from.value,
        }

    def question(self) -> str:
        """Return what the engine is asked, in one spelling: versions that agree in it share their memory."""
        asked = {"channel": self.channel, "condition": codec.to_data(self.condition)}
        return json.dumps(asked, sort_keys=True)


def of_declaration(decl: RuleDecl) -> Definition:
    """Return what a manifest declares, its texts in every language."""
    return Definition(
        titles=_in_every_language(decl.title),
        descriptions=_in_every_language(decl.description),
        entity_type=decl.entity_type,
        attribute=decl.attribute,
        condition=decl.condition,
        properties=dict(decl.properties),
        case_type=decl.case_type or "",
        case_from=decl.case_from,
    )


def from_data(data: Mapping[str, Any]) -> Definition:
    """Return the definition that JSON data describe; raises Problem 422 that names every wrong member."""
    errors: list[FieldError] = []
    condition: Condition | None = None
    if not _can_be_stored(data):
        raise invalid(
            [FieldError("definition", _("It holds characters or numbers that cannot be stored."), "text_invalid")]
        )
    try:
        condition = codec.from_data(_member(data, "condition", dict, {}))
    except ConditionError as fault:
        errors.append(FieldError(fault.field, condition_fault(fault), fault.code))
    texts = {name: _text(data, name, errors) for name in ("entity_type", "attribute", "division_path", "case_type")}
    titles, descriptions = _texts(data, "titles", errors), _texts(data, "descriptions", errors)
    if not any(titles.values()):
        errors.append(FieldError("titles", _("Give the rule a title."), "title_missing"))
    if any(len(title) > LONGEST_TITLE for title in titles.values()):
        errors.append(FieldError("titles", _("A title has at most 120 characters."), "title_long"))
    severity = data.get("case_from", Severity.BLUE.value)
    if severity not in {one.value for one in Severity}:
        errors.append(FieldError("case_from", _("Choose one of the four colours."), "severity_unknown"))
    properties = _member(data, "properties", dict, None)
    if properties is None:
        errors.append(FieldError("properties", _("Properties are names with values."), "properties_invalid"))
    if errors or condition is None:
        raise invalid(errors)
    return Definition(
        titles=titles,
        descriptions=descriptions,
        condition=condition,
        properties=properties or {},
        case_from=Severity(str(severity)),
        **texts,
    )


def check(definition: Definition, case_types: Mapping[str, str]) -> None:
    """Raise Problem 422 when the rule speaks of a type, attribute or kind of case that does not exist."""
    errors: list[FieldError] = []
    kind = EntityKind.objects.filter(name=definition.entity_type).first()
    if kind is None:
        errors.append(FieldError("entity_type", _("There is no such entity type."), "type_unknown"))
    elif kind.attribute(definition.attribute) is None:
        errors.append(FieldError("attribute", _("This entity type has no such attribute."), "attribute_unknown"))
    if definition.case_type and definition.case_type not in case_types:
        errors.append(FieldError("case_type", _("There is no such kind of case."), "case_type_unknown"))
    if errors:
        raise invalid(errors)


def invalid(errors: list[FieldError]) -> Problem:
    """Return the problem for a rule that cannot be."""
    return Problem(
        "rule-invalid",
        _("The rule cannot be saved like this."),
        status=422,
        detail=_("Correct what is marked. Nothing was changed."),
        errors=errors,
    )


def in_language(titles: Titles) -> str:
    """Return the text in the reader's language, else in the platform's, else in any."""
    wanted = (get_language() or "", settings.LANGUAGE_CODE)
    return next((titles[code] for code in wanted if titles.get(code)), next(iter(titles.values()), ""))


def _in_every_language(text: object) -> dict[str, str]:
    rendered: dict[str, str] = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            rendered[code] = str(text)
    return rendered


def _can_be_stored(data: Mapping[str, Any]) -> bool:
    """Return whether PostgreSQL can keep the data: no NUL, no half characters, no infinite numbers."""
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return "\\u0000" not in text


def _member(data: Mapping[str, Any], name: str, kind: type, fallback: Any) -> Any:
    value = data.get(name, {})
    return value if isinstance(value, kind) else fallback


def _text(data: Mapping[str, Any], name: str, errors: list[FieldError]) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or len(value) > 255:
        errors.append(FieldError(name, _("This must be a short text."), "text_invalid"))
        return ""
    return value


def _texts(data: Mapping[str, Any], name: str, errors: list[FieldError]) -> dict[str, str]:
    value = data.get(name, {})
    known = {code for code, _name in settings.LANGUAGES}
    if not isinstance(value, Mapping) or not all(k in known and isinstance(v, str) for k, v in value.items()):
        errors.append(FieldError(name, _("Texts are given by language."), "texts_invalid"))
        return {}
    return dict(value)
