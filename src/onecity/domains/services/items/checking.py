"""What is wrong with a content, in words that a clerk understands: the findings of `logic.checks`, and the whole catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from onecity.domains.services.items import navigation, store
from onecity.domains.services.items.logic import checks
from onecity.domains.services.items.logic.checks import Finding, Known, Weight
from onecity.domains.services.items.logic.item import Bundle, Item
from onecity.domains.services.items.logic.reading import ItemError
from onecity.domains.services.items.logic.tables import Deciding
from onecity.domains.services.items.models import Sort
from onecity.domains.services.registers import catalogue
from onecity.kernel.rules.decisions.table import TableError

SENTENCES: Final[Mapping[str, object]] = {
    "no_time": _("A limit must be longer than nothing."),
    "promised_longer": _("The promised time is longer than the law allows."),
    "uscc": _(
        "“%(a)s” is no unified social credit code: its check character does not fit, or it has not 18 characters."
    ),
    "uscc_sample": _("“%(a)s” is a sample code; put the code of your own department."),
    "no_catalog_code": _("The basic code (12 characters) of the national catalogue is missing."),
    "catalog_length": _("The basic code has 12 characters, “%(a)s” has not."),
    "no_task_code": _("The implementation code is missing."),
    "task_code": _("The implementation code “%(a)s” must begin with the code of the department, %(b)s."),
    "no_basis": _("Say on what law or rule it rests."),
    "basis_to_check": _("Compare the reference to “%(a)s” with the official text."),
    "no_steps": _("Say in which steps it is handled."),
    "no_reduction_basis": _("Say on what ground the fee “%(a)s” can be reduced."),
    "no_certificate_type": _("Say of what type the certificate “%(a)s” is."),
    "no_results": _("Say what one gets in the end."),
    "no_places": _("It is offered at the window, but no place is given."),
    "no_visit_reason": _("People have to come, but it is not said why."),
    "fee_at_counter": _("It costs something, but cannot be paid online."),
    "ends_before": _("It ends before it begins."),
    "code_expired": _("The code “%(a)s” does not hold on the day from which this is in force."),
    "no_conditions": _("Say who may have it."),
    "unknown_situation": _("The material “%(a)s” names the situation “%(b)s”, which there is not."),
    "no_channel": _(
        "There is no way to get the material “%(a)s”: name a certificate, a register, a commitment or hand-in."
    ),
    "issued_but_asked": _(
        "“%(a)s” was issued by a government body and is still asked for: name the certificate or register."
    ),
    "no_source_basis": _("Say on what ground “%(a)s” may be read from the register."),
    "unknown_value": _("No register and no field of the form is called “%(a)s”."),
    "other_sort": _("“%(a)s” is of the kind %(b)s, but %(c)s is expected here."),
    "form_shape": _("A form is an object with properties."),
    "form_schema": _("This is no JSON Schema (edition 2020-12)."),
    "form_required": _("The form requires “%(a)s”, which it does not have."),
    "not_understood": _("The test “%(a)s” is not understood (character %(b)s)."),
    "automatic_without": _("It is to be decided automatically, but no table is named."),
    "unknown_table": _("There is no decision table “%(a)s”."),
    "input_unknown": _("The table “%(a)s” asks for “%(b)s”, which neither the form nor a register gives."),
    "unknown_department": _("There is no department “%(a)s”."),
    "unknown_theme": _("There is no theme “%(a)s”."),
    "unknown_life_event": _("There is no life event “%(a)s”."),
    "no_theme": _("Without a theme it is found by search only."),
    "no_english": _("The English name is missing."),
    "name_taken": _("“%(a)s” is the name of another item as well (%(b)s)."),
    "part_twice": _("The item “%(a)s” is there twice."),
    "unknown_item": _("There is no item “%(a)s”."),
    "after_later": _("“%(a)s” waits for “%(b)s”, which does not come before it."),
    "part_field": _("“%(a)s” has no field “%(b)s” in its form."),
    "bundle_field": _("The form of the bundle has no field “%(a)s”."),
    "not_asked": _("“%(a)s” needs “%(b)s”, which the form of the bundle does not ask for."),
    "no_outcome": _("A table gives an outcome: %(a)s, %(b)s or %(c)s."),
    "table_gap": _("No rule decides this case: %(a)s"),
    "table_overlap": _("The rules %(b)s and %(c)s both decide this case: %(a)s"),
    "table_unreached": _("Rule %(b)s never decides anything."),
    "table_too_large": _("The table is too intricate to be proved; split it."),
    "no_reason": _("Rule %(a)s says no reason; people must be able to read why."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One finding in words: where, how much it weighs, the sentence."""

    place: str
    weight: Weight
    sentence: str


@dataclass(frozen=True, slots=True)
class Content:
    """A content to be checked with its sort and code."""

    sort: Sort
    code: str
    data: Mapping[str, Any]


def of_content(sort: Sort, data: Mapping[str, Any], known: Known | None = None) -> list[Told]:
    """Everything about one content, mistakes first; beside what is published now unless `known` says otherwise."""
    try:
        content = store.parse(sort, data)
    except ItemError as error:
        return [Told(field, "mistake", sentence) for field, sentence in error.mistakes]
    except TableError as error:
        return [Told("", "mistake", sentence) for sentence in error.mistakes]
    return tell(found(content, known or known_now()))


def found(content: Item | Bundle | Deciding, known: Known) -> list[Finding]:
    """The findings about a parsed content."""
    if isinstance(content, Item):
        return list(checks.item(content, known))
    return list(checks.bundle(content, known) if isinstance(content, Bundle) else checks.table(content, known))


def tell(findings: Iterable[Finding]) -> list[Told]:
    """Findings in words, mistakes first."""
    told = [Told(one.place, one.weight, _sentence(one)) for one in findings]
    return sorted(told, key=lambda one: one.weight)


def of_file(contents: Sequence[Content]) -> list[tuple[Content, list[Told]]]:
    """Each content of a file checked beside the others of the file (before what is published)."""
    parsed: dict[tuple[Sort, str], Item | Bundle | Deciding] = {}
    broken: dict[tuple[Sort, str], list[Told]] = {}
    for one in contents:
        try:
            parsed[one.sort, one.code] = store.parse(one.sort, one.data)
        except (ItemError, TableError):
            broken[one.sort, one.code] = of_content(one.sort, one.data, known_of((), ()))
    items = [one for one in parsed.values() if isinstance(one, Item)]
    known = known_of(items, [one for one in parsed.values() if isinstance(one, Deciding)])
    return [
        (one, broken[key] if (key := (one.sort, one.code)) in broken else tell(found(parsed[key], known)))
        for one in contents
    ]


def known_now() -> Known:
    """What is published now."""
    items = [one.item for one in store.items().values()]
    return known_of(items, [one.deciding for one in store.in_force(Sort.TABLE).values()])


def known_of(items: Iterable[Item], tables: Iterable[Deciding]) -> Known:
    """What these items and tables make known."""
    words = navigation.words()
    return Known(
        register_fields(),
        {one.name: one for one in tables},
        {one.code: one for one in items},
        frozenset(words.themes),
        frozenset(words.life_events),
        frozenset(words.departments),
    )


@cache
def register_fields() -> Mapping[str, str]:
    """Every field of every register with its kind."""
    return {
        f"{name}.{one.name}": one.kind for name, register in catalogue.registers().items() for one in register.fields
    }


def _sentence(finding: Finding) -> str:
    names = dict(zip("abc", [*finding.names, "", "", ""], strict=False))
    return str(SENTENCES[finding.code]) % names
