"""Stating a target of coverage and taking it back."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from onecity.domains.devices import targets
from onecity.domains.devices.forms import TargetForm
from onecity.domains.devices.permissions import MANAGE
from onecity.domains.devices.views.health import coverage_page
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.people.doors import account_of


@require_POST
@permission_required(MANAGE)
def add(request: HttpRequest) -> HttpResponse:
    """State how many nodes there should be."""
    account = account_of(request)
    form = TargetForm(request.POST, account=account, permission=MANAGE, kinds=targets.kinds())
    if not form.is_valid():
        return coverage_page(request, form, 422)
    values = dict(form.cleaned_data)
    targets.state(values.pop("division_path"), values.pop("entity_type"), values, account)
    return redirect("devices:coverage")


@require_POST
@permission_required(MANAGE)
def remove(request: HttpRequest, target_id: UUID) -> HttpResponse:
    """Take a target back."""
    targets.take_back(target_id, account_of(request))
    return redirect("devices:coverage")
