"""Service items as kinds of case: one version of an item is one version of its kind, and a running case keeps its own."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from onecity.domains.services.items import store
from onecity.domains.services.items.logic.item import Bundle, Item
from onecity.domains.services.items.models import ItemVersion, Sort
from onecity.kernel.cases import type_store
from onecity.kernel.cases.logic.definition import Definition, parse
from onecity.kernel.cases.models import CaseType
from onecity.kernel.core.errors import Problem
from onecity.kernel.records.certificates import types
from onecity.kernel.records.certificates.logic import kind as certificate_kinds

PREFIX: Final = "service_"
BUNDLE_PREFIX: Final = "service_bundle_"
APPEAL: Final = "service_appeal"
AUDIT: Final = "service_audit"
CORRECTION: Final = "service_correction"
OWN: Final[Mapping[str, tuple[dict[str, str], tuple[float, str]]]] = {
    APPEAL: ({"zh": "对办理结果的申诉", "en": "Appeal against a decision"}, (15, "working_days")),
    AUDIT: ({"zh": "自动决定抽查复核", "en": "Spot check of an automatic decision"}, (5, "working_days")),
    CORRECTION: ({"zh": "登记信息更正", "en": "Correction of what a register says"}, (5, "working_days")),
}


@cache
def _life_cycles() -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "life_cycle.json").read_text(encoding="utf-8"))
    return found


def _cycle(name: str) -> dict[str, Any]:
    whole = _life_cycles()
    source = whole[name] if name else whole
    return {key: source[key] for key in ("initial", "states", "transitions")}


def name_of(code: str, *, bundle: bool = False) -> str:
    """The kind of case of an item or a bundle."""
    return (BUNDLE_PREFIX if bundle else PREFIX) + code


def of_item(item: Item) -> Definition:
    """The kind of case that an item is: its promised term, its form, who handles it."""
    promised = item.limits.promised
    form = {"form": {"schema": dict(item.form)}} if item.form else {}
    return parse(
        {
            **_cycle(""),
            "title": dict(item.name),
            "description": dict(item.summary),
            "category": "service",
            "limits": [{"amount": promised.amount, "unit": promised.unit}],
            "routes": _routes(item.authority.department),
            "manual": False,
            "publication": "nothing",
            "rating": {"bad": 2, "opens": "bad_rating"},
            **form,
        }
    )


def of_bundle(bundle: Bundle) -> Definition:
    """The kind of case that a bundle is: the clock beside those of its parts."""
    return parse(
        {
            **_cycle("bundle"),
            "title": dict(bundle.name),
            "description": dict(bundle.summary),
            "category": "service",
            "limits": [{"amount": bundle.limit.amount, "unit": bundle.limit.unit}],
            "routes": _routes(bundle.lead),
            "manual": False,
            "publication": "nothing",
            "rating": {"bad": 2, "opens": "bad_rating"},
        }
    )


def _routes(department: str) -> list[dict[str, str]]:
    return [{"organisation": department}, {"level": "district", "role": "handler"}]


def of_own(name: str) -> Definition:
    """The kinds that accompany decisions: appeals, spot checks, corrections."""
    title, (amount, unit) = OWN[name]
    return parse(
        {
            **_cycle("review"),
            "title": title,
            "category": "service",
            "limits": [{"amount": amount, "unit": unit}],
            "routes": [{"level": "district", "role": "handler"}],
            "manual": False,
            "publication": "nothing",
        }
    )


def announced(version: ItemVersion) -> None:
    """Publish the kind of a version of an item or bundle that is being published, in the same transaction."""
    sort = version.item.sort
    if sort == Sort.TABLE:
        return
    content = store.parse(sort, version.content)
    definition = of_item(content) if isinstance(content, Item) else None
    definition = of_bundle(content) if isinstance(content, Bundle) else definition
    if isinstance(content, Item):
        _install_certificates(content)
    if not CaseType.objects.filter(name=APPEAL).exists():
        publish_own(version.published_by_id)
    if definition is not None:
        type_store.publish_definition(
            name_of(version.item.code, bundle=sort == Sort.BUNDLE),
            definition,
            effective_from=version.effective_from,
            published_by_id=version.published_by_id,
        )


@cache
def shipped_certificates() -> Mapping[str, types.CertificateType]:
    """The kinds of certificate that come with the platform, by code."""
    content = (Path(__file__).parent / "data" / "certificates.json").read_bytes()
    return {one.code: one for one in certificate_kinds.read(content)}


def _install_certificates(item: Item) -> None:
    """The kinds of certificate with which an item ends, where the district has none of that code yet."""
    known = types.titles()
    wanted = {one.certificate_type for one in item.results} - {""} - set(known)
    types.install(*(shipped_certificates()[code] for code in sorted(wanted) if code in shipped_certificates()))


def publish_own(by: UUID | None = None) -> list[str]:
    """Publish the kinds that accompany decisions; returns those that are new. The same again changes nothing."""
    known = {name: CaseType.objects.filter(name=name).count() for name in OWN}
    for name in OWN:
        type_store.publish_definition(name, of_own(name), published_by_id=by)
    return [name for name, count in known.items() if CaseType.objects.filter(name=name).count() > count]


def missing(name: str) -> Problem:
    """The problem for an item whose kind of case was not published yet."""
    return Problem(
        "service-not-ready",
        _("This service is being set up. Try again in a few minutes."),
        status=503,
        extra={"kind": name},
    )
