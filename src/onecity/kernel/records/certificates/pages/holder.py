"""The holder's page of one certificate: show it, take its PDF, show parts of it, make a copy for one use."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of, signed_in
from onecity.kernel.records.certificates import copies, holding, types
from onecity.kernel.records.certificates.pages import showing
from onecity.kernel.records.certificates.pages.forms import CopyForm
from onecity.kernel.records.certificates.states import not_found
from onecity.kernel.records.certificates.verification import standing
from onecity.kernel.records.models import AnnotatedCopy, Certificate


@signed_in
@require_safe
def certificate(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """One of my certificates."""
    return _page(request, _mine(request, certificate_id))


@signed_in
@require_safe
def pdf(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """Its signed PDF, made when first asked for."""
    row = _mine(request, certificate_id)
    return _file(copies.pdf(row, get_language() or "zh-hans"), f"{row.type_code}-{row.serial}.pdf")


@signed_in
@require_safe
def token(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """Its signed data with the entries chosen (`show=name`, as often as needed) and no other."""
    row = _mine(request, certificate_id)
    text = holding.present(row, [name for name in request.GET.getlist("show") if name])
    response = HttpResponse(text, content_type="application/dc+sd-jwt")
    response["Cache-Control"] = "no-store"
    response["Content-Disposition"] = f'attachment; filename="{row.type_code}-{row.serial}.txt"'
    return response


@signed_in
@require_POST
def copy(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """Make a copy for one use."""
    row = _mine(request, certificate_id)
    form = CopyForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, 422)
    values = form.cleaned_data
    try:
        copies.annotate(
            row, purpose=values["purpose"], used_by=values["used_by"],
            usable_until=now() + dt.timedelta(days=values["days"]), made_by=account_of(request).id,
        )  # fmt: skip
    except Problem as problem:
        form.add_error(None, str(problem))
        return _page(request, row, form, problem.status)
    messages.success(request, _("The copy is made. Give it to nobody else than the one it is for."))
    return HttpResponseRedirect(reverse("records:certificate", args=[row.id]) + "#copies")


@signed_in
@require_safe
def open_copy(request: HttpRequest, copy_id: UUID) -> HttpResponse:
    """The PDF of a copy for one use; the look is logged."""
    account = account_of(request)
    made = AnnotatedCopy.objects.select_related("certificate").filter(id=copy_id).first()
    if made is None or made.certificate.account_id != account.id:
        raise not_found()
    return _file(copies.look(made, account.id), f"{made.certificate.type_code}-{made.id.hex[:8]}.pdf")


def _mine(request: HttpRequest, certificate_id: UUID) -> Certificate:
    row = Certificate.objects.filter(id=certificate_id, account_id=account_of(request).id).first()
    if row is None:
        raise not_found()
    return row


def _page(request: HttpRequest, row: Certificate, form: CopyForm | None = None, status: int = 200) -> HttpResponse:
    language = get_language() or "zh-hans"
    kind = types.version(row.type_code, row.type_version)
    said = holding.claims_of(row)
    state, steps = standing.of(row)
    made = list(AnnotatedCopy.objects.filter(certificate_id=row.id).prefetch_related("looks").order_by("-made_at")[:50])
    context: dict[str, Any] = {
        "row": row,
        "title": kind.title.in_(language),
        "state": state,
        "tone": showing.TONES.get(state, "bad"),
        "reasons": steps,
        "entries": [(f.title.in_(language), showing.spoken(said[f.name])) for f in kind.fields if f.name in said],
        "period": showing.period(row.valid_from, row.valid_until),
        "qr": showing.qr(row),
        "showable": [(name, _label(kind, name, language)) for name in holding.presentable(row)],
        "copies": made,
        "now": now(),
        "form": form or CopyForm(),
    }
    return render(request, "records/certificate.html", context, status=status)


def _label(kind: types.CertificateType, name: str, language: str) -> str:
    field = kind.field(name)
    if field is not None:
        return field.title.in_(language)
    if name.startswith("age_over_"):
        return _("Age over %(age)s") % {"age": name.removeprefix("age_over_")}
    own = {
        "name": _("Name of the holder"), "identity": _("Identity number"), "holder_kind": _("Person or company"),
        "issuer_name": _("Issuer"),
    }  # fmt: skip
    return own.get(name, name)


def _file(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
