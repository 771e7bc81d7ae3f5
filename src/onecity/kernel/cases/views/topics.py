"""The page of hot topics."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import choices, permissions, topics
from onecity.kernel.people.doors import account_of

SPANS = (7, 14, 30)


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """What many people report in the last days, the hottest first."""
    account = account_of(request)
    offered = choices.divisions(account, permissions.VIEW)
    place, days = request.GET.get("place", ""), request.GET.get("days", "")
    place = place if place in dict(offered) else ""
    span = int(days) if days in {str(one) for one in SPANS} else SPANS[0]
    context = {
        "topics": topics.topics(account, span, place),
        "divisions": offered,
        "place": place,
        "days": span,
        "spans": SPANS,
        "periods": topics.PERIODS,
    }
    return render(request, "cases/topics.html", context)
