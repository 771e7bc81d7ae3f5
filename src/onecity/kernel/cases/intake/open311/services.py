"""Kinds of case as services of Open311: those that residents may report and that are not kept from the public."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from onecity.kernel.cases import catalogue, type_store
from onecity.kernel.cases.intake.open311.logic import attributes
from onecity.kernel.cases.models import CaseType
from onecity.kernel.cases.type_store import InForce
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.clock import now


def offered() -> list[InForce]:
    """The kinds that a program may report, in the order of their classes."""
    order = {one.code: number for number, one in enumerate(catalogue.classes())}
    kinds = [kind for kind in type_store.all_in_force() if _is_offered(kind)]
    return sorted(kinds, key=lambda kind: (order.get(kind.definition.category, len(order)), kind.name))


def _is_offered(kind: InForce) -> bool:
    definition = kind.definition
    return definition.residents and definition.manual and definition.published


def named(code: str) -> InForce | None:
    """The service of this code."""
    found = type_store.in_force([code], now()).get(code)
    return found if found is not None and _is_offered(found) else None


def listed() -> list[dict[str, Any]]:
    """The service list (GET Service List)."""
    groups = {one.code: in_language(one.title) for one in catalogue.classes()}
    return [_listed(kind, groups) for kind in offered()]


def _listed(kind: InForce, groups: Mapping[str, str]) -> dict[str, Any]:
    definition = kind.definition
    group = groups.get(definition.category, definition.category)
    return {
        "service_code": kind.name,
        "service_name": kind.title,
        "description": in_language(definition.description) or in_language(definition.opens_when) or kind.title,
        "metadata": bool(definition.form and definition.form.schema.get("properties")),
        "type": "realtime",
        "keywords": ", ".join(dict.fromkeys([*(text for text in definition.title.values() if text), group])).strip(
            ", "
        ),
        "group": group,
    }


def defined(kind: InForce) -> dict[str, Any]:
    """The definition of a service (GET Service Definition)."""
    return {
        "service_code": kind.name,
        "attributes": attributes.described(kind.definition.form, in_language, (_("Yes"), _("No"))),
    }


def changed_at() -> dt.datetime:
    """When services last changed: what is remembered of them from before should be asked for again."""
    latest: dt.datetime | None = CaseType.objects.filter(effective_from__lte=now()).aggregate(at=Max("effective_from"))[
        "at"
    ]
    return latest or dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
