"""The list of cases: whose work, by time left, with the map beside it."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import bulk, directory, filters, listing, mapping, permissions, presentation
from onecity.kernel.cases.forms import SCOPES, FilterForm
from onecity.kernel.people.doors import account_of

PAGE = 50


@permission_required(permissions.VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """A page of the list that the address describes."""
    account = account_of(request)
    form = FilterForm(request.GET, account)
    wanted = form.wanted()
    page = listing.page(account, wanted, cursor=request.GET.get("after", ""), limit=PAGE)
    context = {
        "form": form,
        "wanted": wanted,
        "page": page,
        "rows": presentation.rows(page.cases),
        "scopes": [(name, title, name == wanted.scope) for name, title in SCOPES],
        "counts": {name: listing.told(count) for name, count in listing.counts(account).items()},
        "saved": filters.of(account),
        "plain_query": filters.plain(request.META.get("QUERY_STRING", "")),
        "map_query": urlencode(parameters(request)),
        "steps": bulk.offered(page.cases, account),
        "may_handle": policy.may_somewhere(account, permissions.HANDLE),
        "people": directory.handlers(account.organisation_id, "")
        if policy.may_somewhere(account, permissions.DISPATCH)
        else {},
        "may_open": policy.may_somewhere(account, permissions.OPEN),
        "beyond_first": bool(request.GET.get("after")),
    }
    return render(request, "cases/list.html", context)


@permission_required(permissions.VIEW)
@require_safe
def points(request: HttpRequest) -> JsonResponse:
    """The same list as points for the map beside it."""
    account = account_of(request)
    return JsonResponse(mapping.points(account, FilterForm(request.GET, account).wanted()))


def parameters(request: HttpRequest) -> list[tuple[str, str]]:
    """The filter of the address without the place in the list."""
    return [(name, str(value)) for name, value in request.GET.items() if name != "after" and value]
