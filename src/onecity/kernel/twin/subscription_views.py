"""The desk's list of subscriptions: who is told of changes in the twin, and whether the word arrives."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.twin.models import Delivery, Subscription
from onecity.kernel.twin.ngsild.subscriptions.endpoints import read_endpoint
from onecity.kernel.twin.permissions import ENTITIES_EDIT

PER_PAGE = 50
STATUS = {"active": _("active"), "paused": _("paused"), "expired": _("expired")}


@require_GET
@permission_required(ENTITIES_EDIT)
def subscriptions(request: HttpRequest) -> HttpResponse:
    """Subscriptions that the asker may see (row-level security decides), newest first."""
    page = Paginator(Subscription.objects.order_by("-created_at", "id"), PER_PAGE).get_page(request.GET.get("page"))
    fared = Delivery.objects.in_bulk([one.id for one in page])
    listed = [
        {
            "one": one,
            "status": STATUS[one.status],
            "active": one.status == "active",
            # without user, password and headers: those are the subscriber's
            "address": read_endpoint(one.document["notification"]["endpoint"]).bare.partition("?")[0],
            "delivery": fared.get(one.id),
        }
        for one in page
    ]
    return render(request, "twin/subscriptions.html", {"page": page, "listed": listed})
