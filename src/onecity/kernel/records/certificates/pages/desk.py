"""The desk of those in charge of certificates: find one, see its history, suspend, resume or revoke it with a reason."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.records import identifiers, permissions
from onecity.kernel.records.certificates import holding, sealing, states, types
from onecity.kernel.records.certificates.pages import showing
from onecity.kernel.records.certificates.pages.forms import PurposeForm, ReasonForm, SearchForm
from onecity.kernel.records.certificates.verification import standing
from onecity.kernel.records.models import AnnotatedCopy, Certificate

PAGE: Final = 50
ACTIONS: Final = {"suspend": states.suspend, "resume": states.resume, "revoke": states.revoke}


@permission_required(permissions.VIEW)
@require_safe
def certificates(request: HttpRequest) -> HttpResponse:
    """Certificates of one's divisions, newest first, or those searched for."""
    language = get_language() or "zh-hans"
    form = SearchForm(request.GET, language=language)
    wanted = form.cleaned_data if form.is_valid() else {}
    page = Paginator(_search(_visible(account_of(request)), wanted), PAGE).get_page(request.GET.get("page"))
    rows = [
        (row, title, standing.masked(row.holder_name) if row.holder_kind == "person" else row.holder_name)
        for row, title in showing.titled(list(page), language)
    ]
    context = {"form": form, "page": page, "rows": rows, "searched": any(wanted.values())}
    return render(request, "records/desk/certificates.html", context)


@permission_required(permissions.VIEW)
@require_safe
def certificate(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """One certificate with its history."""
    return _page(request, _one(request, certificate_id))


@permission_required(permissions.MANAGE)
@require_POST
def act(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """Suspend, resume or revoke; the first time it asks whether that is meant, the second time it is done."""
    row = _one(request, certificate_id)
    action = request.POST.get("action", "")
    form = ReasonForm(request.POST)
    if action not in ACTIONS:
        raise Problem("no-such-action", _("There is no such step."), status=422)
    policy.require(account_of(request), permissions.MANAGE, row.division_path)
    if not form.is_valid():
        return _page(request, row, reason_form=form, status=422)
    if request.POST.get("confirmed") != "yes":
        context = {"row": row, "title": _title(row), "action": action, "reason": form.cleaned_data["reason"]}
        return render(request, "records/desk/confirm.html", context)
    try:
        ACTIONS[action](row.id, account_of(request), form.cleaned_data["reason"])
    except Problem as problem:
        form.add_error(None, str(problem))
        return _page(request, row, reason_form=form, status=problem.status)
    messages.success(request, _("Done. It counts everywhere from now on."))
    return HttpResponseRedirect(reverse("records:desk_certificate", args=[row.id]))


@permission_required(permissions.REVEAL)
@require_POST
def reveal(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """The identity number in clear, once, with a purpose that is logged."""
    row = _one(request, certificate_id)
    form = PurposeForm(request.POST)
    if not form.is_valid():
        return _page(request, row, purpose_form=form, status=422)
    number = holding.reveal(row, account_of(request), form.cleaned_data["purpose"])
    return _page(request, row, identity=number)


def _visible(account: Account) -> QuerySet[Certificate]:
    return policy.visible(Certificate.objects.all(), account, permissions.VIEW).order_by("-issued_at", "-id")


def _search(rows: QuerySet[Certificate], wanted: dict[str, Any]) -> QuerySet[Certificate]:
    text = str(wanted.get("q", "")).strip().replace("\0", "")
    if text:
        report = identifiers.read(text)
        named = Q(holder_name__startswith=text) | Q(identity_hash=sealing.identity_hash(text)) | Q(serial=text)
        rows = rows.filter(Q(number=str(report.number)) if report.number else named)
    if wanted.get("type"):
        rows = rows.filter(type_code=wanted["type"])
    if wanted.get("state"):
        rows = rows.filter(state=wanted["state"])
    return rows


def _one(request: HttpRequest, certificate_id: UUID) -> Certificate:
    row = _visible(account_of(request)).filter(id=certificate_id).first()
    if row is None:
        raise states.not_found()
    return row


def _page(request: HttpRequest, row: Certificate, status: int = 200, **more: Any) -> HttpResponse:
    language = get_language() or "zh-hans"
    account = account_of(request)
    kind = types.version(row.type_code, row.type_version)
    state, reasons = standing.of(row)
    events = states.history(row)
    names = dict(
        Account.objects.filter(id__in=[e.actor_id for e in events if e.actor_id]).values_list("id", "display_name")
    )
    others = _visible(account).filter(issuer_uscc=row.issuer_uscc, serial=row.serial).exclude(id=row.id)
    context: dict[str, Any] = {
        "row": row,
        "title": kind.title.in_(language),
        "holder": standing.masked(row.holder_name) if row.holder_kind == "person" else row.holder_name,
        "state": state,
        "tone": showing.TONES.get(state, "bad"),
        "reasons": reasons,
        "entries": [
            (f.title.in_(language), showing.spoken(row.claims[f.name])) for f in kind.fields if f.name in row.claims
        ],
        "hidden": sum(f.grade == "sensitive" for f in kind.fields),
        "period": showing.period(row.valid_from, row.valid_until),
        "events": [(e, names.get(e.actor_id, "") if e.actor_id else _("by rule")) for e in events],
        "versions": others.order_by("version"),
        "copies": AnnotatedCopy.objects.filter(certificate_id=row.id).order_by("-made_at")[:50],
        "may_manage": policy.may(account, permissions.MANAGE, row.division_path),
        "may_reveal": policy.may(account, permissions.REVEAL, row.division_path),
        "reason_form": ReasonForm(),
        "purpose_form": PurposeForm(),
    }
    return render(request, "records/desk/certificate.html", context | more, status=status)


def _title(row: Certificate) -> str:
    return types.version(row.type_code, row.type_version).title.in_(get_language() or "zh-hans")
