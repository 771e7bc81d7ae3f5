"""Targets of coverage: stated with a day from which they count, shown, taken back."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.forms import TargetForm
from onecity.domains.devices.models import CoverageTarget, DeviceModel
from onecity.domains.devices.models.coverage import today
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.telemetry.models import Series


def kinds() -> list[tuple[str, str]]:
    """What devices measure as: the word and, where one model alone stands for it, the name of that model."""
    found = set(Series.objects.filter(device_id__isnull=False).values_list("entity_type", flat=True).distinct())
    stated = list(DeviceModel.objects.exclude(entity_type="").values_list("entity_type", "title"))
    titles = {kind: [title for other, title in stated if other == kind] for kind, _title in stated}
    words = found | set(titles)
    return sorted((kind, titles[kind][0] if len(titles.get(kind, ())) == 1 else kind) for kind in words)


def facts(account: Account, form: TargetForm | None) -> dict[str, Any]:
    """The targets that the account may see, with their divisions, and the form for another where it may state one."""
    rows = list(policy.visible(CoverageTarget.objects.all(), account, VIEW))
    titles = places.titles_for({row.division_path for row in rows}, full=True)
    named, day = dict(kinds()), today()
    may = policy.may_somewhere(account, MANAGE)
    return {
        "targets": [
            {
                "row": row,
                "place": titles[row.division_path],
                "kind": named.get(row.entity_type, row.entity_type),
                "ahead": row.valid_from > day,
                "may": may and policy.may(account, MANAGE, row.division_path),
            }
            for row in rows
        ],
        "form": (form or TargetForm(account=account, permission=MANAGE, kinds=kinds())) if may else None,
    }


@transaction.atomic
def state(path: str, entity_type: str, values: dict[str, Any], actor: Account) -> CoverageTarget:
    """Keep a target (`nodes`, `valid_from`); of one day the later statement counts. Raises Problem 403."""
    policy.require(actor, MANAGE, path)
    row, _fresh = CoverageTarget.objects.update_or_create(
        division_path=path,
        entity_type=entity_type,
        valid_from=values["valid_from"],
        defaults={"nodes": values["nodes"], "changed_by": actor.id, "changed_at": now()},
    )
    _record("devices.target_stated", row, actor)
    return row


@transaction.atomic
def take_back(target_id: UUID, actor: Account) -> None:
    """Remove a target: the one before it, or that of the division above, counts again. Raises Problem 403, 404."""
    row = policy.visible(CoverageTarget.objects.all(), actor, VIEW).filter(id=target_id).first()
    if row is None:
        raise Problem("no-target", _("There is no such target"), status=404)
    policy.require(actor, MANAGE, row.division_path)
    _record("devices.target_removed", row, actor)
    row.delete()


def _record(action: str, row: CoverageTarget, actor: Account) -> None:
    audit.record(
        action, actor_id=actor.id, object_type="coverage_target", object_id=row.id, division_path=row.division_path,
        detail={"kind": row.entity_type, "nodes": row.nodes, "from": row.valid_from.isoformat()},
    )  # fmt: skip
