"""Keeps and forgets filters of the list of cases."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import filters, permissions
from onecity.kernel.people.doors import account_of


@permission_required(permissions.VIEW)
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the filter that was sent under the name that was sent, and show its list."""
    kept = filters.save(account_of(request), request.POST.get("name", ""), request.POST.get("query", ""))
    return redirect(f"{reverse('cases:index')}?{kept.query}")


@permission_required(permissions.VIEW)
@require_POST
def forget(request: HttpRequest, filter_id: UUID) -> HttpResponse:
    """Forget one of one's own filters."""
    filters.remove(account_of(request), filter_id)
    return redirect(f"{reverse('cases:index')}?{filters.plain(request.POST.get('query', ''))}")
