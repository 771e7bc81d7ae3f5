"""Rules as JSON files: taken out of one district, brought into another, always as drafts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules import publishing
from onecity.kernel.rules.models import Origin, Rule, RuleVersion
from onecity.kernel.rules.types import NAME

FORMAT = "onecity-rules"
EDITION = 1
MOST_BYTES = 2_000_000
MOST_RULES = 2_000


@dataclass
class Imported:
    """Keys of the rules of a file: new ones, those that got a draft, and those that say the same already."""

    created: list[str] = field(default_factory=list)
    drafted: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def export(versions: Sequence[RuleVersion]) -> dict[str, Any]:
    """The rules as a JSON object. Divisions stay behind: they mean nothing in another district."""
    rules = [
        {"name": version.rule.name, "definition": {**version.definition, "division_path": ""}} for version in versions
    ]
    return {"format": FORMAT, "edition": EDITION, "rules": sorted(rules, key=lambda rule: str(rule["name"]))}


@transaction.atomic
def bring_in(content: bytes, *, division_path: str, author: Account, case_types: Mapping[str, str]) -> Imported:
    """Make a draft of every rule of a file. Raises Problem 422 that names each rule at fault; then nothing is changed."""
    found = _parse(content)
    errors: list[FieldError] = []
    result = Imported()
    for name, data in found:
        try:
            definition = definitions.from_data({**data, "division_path": ""})
            definitions.check(definition, case_types)
        except Problem as problem:
            errors += [FieldError(f"{name}.{error.field}", error.detail, error.code) for error in problem.errors]
            continue
        rule = Rule.objects.filter(name=name).first()
        if rule is None:
            publishing.create(name, definition, division_path=division_path, author=author, origin=Origin.FILE)
            result.created.append(name)
        elif rule.versions.order_by("-number").values_list("definition", flat=True)[0] == definition.to_data():
            result.unchanged.append(name)
        else:
            publishing.save_draft(rule, definition, author=author, comment=str(_("Imported from a file")))
            result.drafted.append(name)
    if errors:
        raise definitions.invalid(errors)
    return result


def _parse(content: bytes) -> list[tuple[str, Mapping[str, Any]]]:
    if len(content) > MOST_BYTES:
        raise _unreadable(_("The file is larger than 2 MB."))
    try:
        data = json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise _unreadable(_("It is not JSON text in UTF-8.")) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("edition") != EDITION:
        raise _unreadable(_("It is not an export of rules, or of a later edition."))
    rules = data.get("rules")
    if not isinstance(rules, list) or len(rules) > MOST_RULES:
        raise _unreadable(_("It holds no list of rules."))
    found: dict[str, Mapping[str, Any]] = {}
    for rule in rules:
        name = rule.get("name") if isinstance(rule, dict) else None
        definition = rule.get("definition") if isinstance(rule, dict) else None
        if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > 120 or not isinstance(definition, dict):
            raise _unreadable(_("A rule in it has no proper key or says nothing."))
        found[name] = definition
    return list(found.items())


def _unreadable(detail: object) -> Problem:
    return Problem("rules-file", _("This file cannot be imported."), status=422, detail=detail)
