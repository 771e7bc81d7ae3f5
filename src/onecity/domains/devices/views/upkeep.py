"""What a device's page says of its upkeep: what is wrong with it, calibration, past work, and what that cost."""

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from onecity.domains.devices import findings, maintenance
from onecity.domains.devices.models import DeviceRecord
from onecity.domains.devices.permissions import MANAGE
from onecity.domains.devices.views import lines
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account

# what ended is shown so far back
ENDED, WORKS = 5, 20


def facts(account: Account, record: DeviceRecord) -> dict[str, Any]:
    """Findings (those that last first), the day of the next calibration, work with its results, and its cost (yuan)."""
    found = findings.of(account).filter(device_id=record.device_id)
    works = maintenance.work_of(account, [record.device_id])
    due = maintenance.calibration_due(record)
    ended = list(found.filter(end__isnull=False).order_by("-end")[:ENDED])
    return {
        "findings": lines.of([*found.filter(end__isnull=True), *ended]),
        "calibration_due": due,
        "overdue": due is not None and due < now(),
        "works": [(work, maintenance.result_title(work)) for work in works[:WORKS]],
        "spent": works.aggregate(total=Sum("cost"))["total"],
    }


@require_POST
@permission_required(MANAGE)
def cost(request: HttpRequest, device_id: UUID, work_id: UUID) -> HttpResponse:
    """Note what a piece of work cost."""
    account = account_of(request)
    if not maintenance.work_of(account, [device_id]).filter(id=work_id).exists():
        raise Problem("no-work", _("There is no such work"), status=404)
    maintenance.note_cost(work_id, _amount(request.POST.get("cost", "")), account)
    return redirect("devices:show", device_id=device_id)


def _amount(text: str) -> Decimal:
    """An amount in yuan, to the fen. Raises Problem 422."""
    try:
        amount = Decimal(text.strip())
        if amount.is_finite():
            return amount.quantize(Decimal("0.01"))
    except InvalidOperation:
        amount = None
    errors = [FieldError("cost", _("An amount in yuan, not below 0."))]
    raise Problem("work-cost", _("The cost cannot be kept"), status=422, errors=errors)
