"""The audit trail as auditors read it: newest first, searched, each event with everything that was kept."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onecity.kernel.access import permissions, trail
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.access.forms import AuditSearchForm
from onecity.kernel.people.doors import account_of

PAGE = 50


@permission_required(permissions.AUDIT_VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The events in the reader's divisions."""
    form = AuditSearchForm(request.GET or None)
    wanted = form.cleaned_data if form.is_valid() else {}
    events = trail.search(trail.visible_events(account_of(request)), wanted)
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    return render(
        request, "access/audit.html", {"form": form, "page": page, "lines": trail.lines(list(page.object_list))}
    )
