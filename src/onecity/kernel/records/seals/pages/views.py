"""The keeper's pages: the seals, one seal with its leaves and uses, making, suspending and destroying."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
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
from onecity.kernel.records.models import Seal, SealUse
from onecity.kernel.records.seals import asking, custody, permissions
from onecity.kernel.records.seals.pages import people
from onecity.kernel.records.seals.pages.forms import LeaveForm, SealForm

PAGE = 50
ACTS = {"suspend": custody.suspend, "resume": custody.resume, "destroy": custody.destroy}


@permission_required(permissions.VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The seals of the divisions where the reader may see them."""
    account = account_of(request)
    seals = policy.visible(Seal.objects.all(), account, permissions.VIEW)
    context = {
        "page": Paginator(seals, PAGE).get_page(request.GET.get("page")),
        "may_make": policy.may_somewhere(account, permissions.MANAGE),
        "waiting": asking.waiting(account).count() if policy.may_somewhere(account, permissions.APPROVE) else 0,
    }
    return render(request, "records/seals/index.html", context)


@permission_required(permissions.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new seal."""
    account = account_of(request)
    form = SealForm(account, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            seal = custody.make(form.wanted(), account)
        except Problem as problem:
            if problem.status != 422:
                raise
            for error in problem.errors:
                form.add_error(error.field if error.field in form.fields else None, str(error.detail))
        else:
            messages.success(request, _("The seal is made. Give somebody leave to use it."))
            return _to(seal.id)
    return render(request, "records/seals/new.html", {"form": form}, status=422 if form.is_bound else 200)


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest, seal_id: UUID) -> HttpResponse:
    """One seal: its picture, who may use it, what it was used for."""
    seal = _visible(request, seal_id)
    return _page(request, seal, LeaveForm(seal))


@permission_required(permissions.VIEW)
@require_safe
def picture(request: HttpRequest, seal_id: UUID) -> HttpResponse:
    """The seal's picture."""
    response = HttpResponse(bytes(_visible(request, seal_id).picture), content_type="image/png")
    response["Cache-Control"] = "private, max-age=3600"
    return response


@permission_required(permissions.MANAGE)
@require_POST
def move(request: HttpRequest, seal_id: UUID) -> HttpResponse:
    """Suspend, resume or destroy a seal, with a reason."""
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Problem("seal-act", _("Choose what to do with the seal."), status=422)
    act(seal_id, account_of(request), request.POST.get("reason", ""))
    messages.success(request, _("Done."))
    return _to(seal_id)


@permission_required(permissions.MANAGE)
@require_POST
def allow(request: HttpRequest, seal_id: UUID) -> HttpResponse:
    """Give leave to use the seal."""
    seal = _visible(request, seal_id)
    form = LeaveForm(seal, request.POST)
    if not form.is_valid():
        return _page(request, seal, form)
    custody.allow(seal.id, form.leave(), account_of(request))
    messages.success(request, _("Leave is given."))
    return _to(seal_id)


@permission_required(permissions.MANAGE)
@require_POST
def withdraw(request: HttpRequest, seal_id: UUID, grant_id: UUID) -> HttpResponse:
    """Take leave back."""
    custody.withdraw(grant_id, account_of(request))
    messages.success(request, _("Leave is taken back."))
    return _to(seal_id)


def _page(request: HttpRequest, seal: Seal, form: LeaveForm) -> HttpResponse:
    account = account_of(request)
    uses = Paginator(SealUse.objects.filter(seal=seal), PAGE).get_page(request.GET.get("page"))
    grants = list(seal.grants.order_by("withdrawn_at", "-granted_at"))
    known = people.names([*(use.actor_id for use in uses), *(grant.account_id for grant in grants)])
    context: dict[str, Any] = {
        "seal": seal,
        "expired": seal.valid_until < clock.now(),
        "uses": [(use, known.get(use.actor_id, "–")) for use in uses],
        "page": uses,
        "grants": [(grant, known.get(grant.account_id, "–")) for grant in grants],
        "form": form,
        "may_manage": policy.may(account, permissions.MANAGE, seal.division_path),
        "may_use": policy.may(account, permissions.USE, seal.division_path),
    }
    return render(request, "records/seals/seal.html", context, status=422 if form.is_bound else 200)


def _visible(request: HttpRequest, seal_id: UUID) -> Seal:
    seals = policy.visible(Seal.objects.all(), account_of(request), permissions.VIEW)
    seal = seals.filter(id=seal_id).first()
    if seal is None:
        raise custody.not_there()
    return seal


def _to(seal_id: UUID) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("records:seal", args=[seal_id]))
