"""What would not work in a definition, said in the reader's language at its place: its own logic, and what it refers to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import permissions
from onecity.kernel.cases.kinds.logic.placing import placed
from onecity.kernel.cases.logic.definition import Definition, DefinitionError, parse
from onecity.kernel.cases.models import CaseType
from onecity.kernel.people.models import Organisation

SENTENCES: Final[Mapping[str, object]] = {
    "doubled_state": _("The state “%(a)s” is declared twice."),
    "doubled_step": _("The step “%(a)s” is declared twice."),
    "unknown_initial": _("The initial state “%(a)s” is not among the states."),
    "unknown_state": _("The step “%(a)s” names the state “%(b)s”, which is not among the states."),
    "unreached": _("No step leads to the state “%(a)s”."),
    "endless": _("From the state “%(a)s” no way leads to an end."),
    "no_end": _("No state is final: such a case could never be closed."),
    "no_time": _("A limit must be longer than nothing, not %(a)s."),
    "unknown_stage": _("A limit names the stage “%(a)s”, which no state has."),
    "broken_days": _("Days are counted whole, not %(a)s."),
    "doubled_code": _("In “%(a)s” the code “%(b)s” is there twice."),
    "no_results": _("The step “%(a)s” asks for a result, but there are no results to choose from."),
    "ladder": _("The rungs of the ladder must rise, each later than the one before."),
    "bad_rating": _("Ratings up to %(a)s stars cannot all be bad ones."),
    "unknown_member": _("There is no member “%(a)s”."),
    "missing_member": _("The member “%(a)s” is missing."),
    "not_offered": _("“%(a)s” is none of the values that are possible here."),
    "wrong_sort": _("Expected here: %(a)s; found: %(b)s."),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, where (dotted path within the definition), as a sentence."""

    place: str
    sentence: object


def mistakes(data: object) -> Sequence[Wrong]:
    """Everything that is wrong with a definition; nothing where it works here."""
    try:
        definition = parse(data)
    except DefinitionError as error:
        return [_said(sentence) for sentence in error.mistakes]
    return [*_permissions(definition), *_bodies(definition), *_forms(definition), *_kinds(definition)]


def _said(sentence: str) -> Wrong:
    found = placed(sentence)
    template = SENTENCES.get(found.code)
    if template is None:
        return Wrong(found.place, found.told)
    names = dict(zip("ab", [*found.names, "", ""], strict=False))
    return Wrong(found.place, str(template) % names)


def _permissions(definition: Definition) -> Iterator[Wrong]:
    known = permissions.declared()
    named = {f"transitions.{t.name}.permission": t.permission for t in definition.transitions}
    for place, rule in (("extension", definition.extension), ("suspension", definition.suspension)):
        named |= {f"{place}.permission": rule.permission} if rule else {}
    for place, name in named.items():
        if name not in known:
            yield Wrong(place, _("Nobody can hold the permission “%(name)s”.") % {"name": name})


def _bodies(definition: Definition) -> Iterator[Wrong]:
    codes = {route.organisation for route in definition.routes if route.organisation}
    known = set(Organisation.objects.filter(code__in=codes, is_active=True).values_list("code", flat=True))
    for place, route in enumerate(definition.routes):
        if route.organisation and route.organisation not in known:
            yield Wrong(
                f"routes.{place}", _("There is no office with the code “%(code)s”.") % {"code": route.organisation}
            )


def _forms(definition: Definition) -> Iterator[Wrong]:
    forms = {f"transitions.{t.name}.form": t.form for t in definition.transitions}
    forms["form"] = definition.form
    for place, form in forms.items():
        schema: Mapping[str, Any] | None = form.schema if form else None
        if schema is None:
            continue
        if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
            yield Wrong(f"{place}.schema", _("A form is an object with properties."))
        elif not jsonschema_rs.meta.is_valid(dict(schema)):
            yield Wrong(f"{place}.schema", _("This is no JSON Schema (edition 2020-12)."))


def _kinds(definition: Definition) -> Iterator[Wrong]:
    opens = definition.rating.opens if definition.rating else ""
    if opens and not CaseType.objects.filter(name=opens).exists():
        yield Wrong("rating.opens", _("There is no kind of case “%(name)s”.") % {"name": opens})
