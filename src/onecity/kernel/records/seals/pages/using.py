"""The officer's pages: stamp a document one has leave for; and the second person's: agree to a use or refuse it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.records.models import Seal, SealGrant
from onecity.kernel.records.seals import asking, custody, permissions, service
from onecity.kernel.records.seals.pages import people
from onecity.kernel.records.seals.pages.forms import UseForm
from onecity.kernel.records.seals.purpose import Purpose

TYPES = {"pdf": "application/pdf", "ofd": "application/ofd"}


@permission_required(permissions.USE)
@require_http_methods(["GET", "HEAD", "POST"])
def use(request: HttpRequest, seal_id: UUID) -> HttpResponse:
    """Stamp a document and take it home; where a second person has to agree first, ask him."""
    account = account_of(request)
    seal = policy.visible(Seal.objects.all(), account, permissions.USE).filter(id=seal_id).first()
    if seal is None:
        raise custody.not_there()
    grants = {str(grant.id): grant for grant in _grants(seal, account)}
    offered = [(key, f"{grant.get_subject_kind_display()}: {grant.subject_code}") for key, grant in grants.items()]
    bound = request.method == "POST"
    form = UseForm(offered, request.POST if bound else None, request.FILES if bound else None)
    if bound and form.is_valid():
        found = form.cleaned_data
        grant = grants[found["grant"]]
        purpose = Purpose(grant.subject_kind, grant.subject_code, found["purpose"])
        return _stamp(request, seal, found["document"].read(), purpose)
    context = {"seal": seal, "form": form, "grants": grants}
    return render(request, "records/seals/use.html", context, status=422 if bound else 200)


def _grants(seal: Seal, account: Account) -> list[SealGrant]:
    at = clock.now()
    rows = seal.grants.filter(account_id=account.id, withdrawn_at__isnull=True, valid_from__lte=at)
    return [grant for grant in rows if grant.valid_until is None or grant.valid_until > at]


def _stamp(request: HttpRequest, seal: Seal, document: bytes, purpose: Purpose) -> HttpResponse:
    account = account_of(request)
    kind = "pdf" if document.startswith(service.PDF) else "ofd"
    stamp = service.stamp_pdf if kind == "pdf" else service.stamp_ofd
    try:
        stamped = stamp(document, seal.id, account, purpose)
    except Problem as problem:
        if problem.code != "seal-approval-needed":
            raise
        asking.ask(seal.id, document, purpose, account)
        messages.info(
            request, _("Somebody else has to agree first: he was asked. Come back with the same document afterwards.")
        )
        return HttpResponseRedirect(reverse("records:seal_use", args=[seal.id]))
    response = HttpResponse(stamped, content_type=TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="stamped.{kind}"'
    response["Cache-Control"] = "no-store"
    return response


@permission_required(permissions.APPROVE)
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """The uses that wait for a second person."""
    rows = list(asking.waiting(account_of(request))[:200])
    known = people.names(row.requested_by_id for row in rows)
    return render(
        request, "records/seals/requests.html", {"rows": [(row, known.get(row.requested_by_id, "–")) for row in rows]}
    )


@permission_required(permissions.APPROVE)
@require_POST
def decide(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Agree or refuse."""
    account, note = account_of(request), request.POST.get("note", "")
    if request.POST.get("agree") == "yes":
        asking.approve(request_id, account, note)
        messages.success(request, _("You agreed to this use."))
    else:
        asking.refuse(request_id, account, note)
        messages.success(request, _("The use is refused."))
    return HttpResponseRedirect(reverse("records:seal_requests"))
