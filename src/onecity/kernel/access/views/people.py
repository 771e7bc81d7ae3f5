"""Accounts and roles: who there is, who holds which role where, and how that is changed."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.access import administration, permissions, policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.access.forms import AccountForm, AssignmentForm
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import roles
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account, RoleAssignment
from onecity.kernel.places.models import Division

PAGE = 50
EVERYWHERE = ""


@permission_required(permissions.PEOPLE_VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The accounts of the divisions where the reader may see people, found by name, user name or organisation."""
    text = request.GET.get("q", "").strip()
    accounts = administration.visible_accounts(account_of(request)).select_related("organisation")
    if text:
        found = Q(display_name__icontains=text) | Q(username__icontains=text) | Q(organisation__name__icontains=text)
        accounts = accounts.filter(found)
    page = Paginator(accounts.order_by("display_name", "id"), PAGE).get_page(request.GET.get("page"))
    may_create = policy.may_somewhere(request.user, permissions.PEOPLE_MANAGE)
    return render(request, "access/people.html", {"page": page, "q": text, "may_create": may_create})


@permission_required(permissions.PEOPLE_MANAGE)
def create(request: HttpRequest) -> HttpResponse:
    """A new account for a member of staff."""
    form = AccountForm(request.POST or None, actor=account_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            account = administration.create_account(account_of(request), **form.cleaned_data)
        except Problem as problem:
            _show(form, problem)
        else:
            messages.success(request, _("The account is created. Give it a role, so that it can do something."))
            return HttpResponseRedirect(reverse("access:account", args=[account.id]))
    return render(request, "access/account_new.html", {"form": form})


@permission_required(permissions.PEOPLE_VIEW)
@require_safe
def account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """One account with its roles."""
    return _account_page(request, _visible(request, account_id), AssignmentForm(divisions=_choices(request)))


@permission_required(permissions.PEOPLE_VIEW)
@require_POST
def assign(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Give the account a role; which right that needs depends on the role and the division (administration.assign)."""
    shown = _visible(request, account_id)
    form = AssignmentForm(request.POST, divisions=_choices(request))
    if not form.is_valid():
        return _account_page(request, shown, form)
    wanted = form.cleaned_data
    administration.assign(
        account_of(request),
        shown,
        wanted["role"],
        form.division_path(),
        valid_to=form.valid_to(),
        purpose=wanted["purpose"],
    )
    messages.success(request, _("The role is assigned."))
    return HttpResponseRedirect(reverse("access:account", args=[account_id]))


@permission_required(permissions.PEOPLE_VIEW)
@require_POST
def end(request: HttpRequest, account_id: UUID, assignment_id: UUID) -> HttpResponse:
    """End a role now."""
    shown = _visible(request, account_id)
    assignment = get_object_or_404(
        RoleAssignment.objects.select_related("role", "account"), pk=assignment_id, account=shown
    )
    administration.end(account_of(request), assignment)
    messages.success(request, _("The role has ended."))
    return HttpResponseRedirect(reverse("access:account", args=[account_id]))


@permission_required(permissions.PEOPLE_MANAGE)
@require_POST
def set_active(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Close the account, or open it again."""
    active = request.POST.get("active") == "yes"
    administration.set_active(account_of(request), _visible(request, account_id), active=active)
    messages.success(request, _("The account is open again.") if active else _("The account is closed."))
    return HttpResponseRedirect(reverse("access:account", args=[account_id]))


def _visible(request: HttpRequest, account_id: UUID) -> Account:
    accounts: QuerySet[Account] = administration.visible_accounts(account_of(request))
    return get_object_or_404(accounts.select_related("organisation"), pk=account_id)


def _account_page(request: HttpRequest, shown: Account, form: AssignmentForm) -> HttpResponse:
    actor = account_of(request)
    held = policy.visible(shown.role_assignments.select_related("role"), actor, permissions.PEOPLE_VIEW)
    assignments = list(held.order_by("-valid_from"))
    names = _names(assignments)
    rows = [
        {"assignment": a, "title": roles.title_of(a.role), "place": names.get(a.division_path, a.division_path)}
        for a in assignments
    ]
    context = {
        "shown": shown,
        "rows": rows,
        "form": form,
        "may_manage": policy.may_somewhere(actor, permissions.PEOPLE_MANAGE) and shown.pk != actor.pk,
        "may_assign": _may_assign(actor) and shown.pk != actor.pk,
    }
    return render(request, "access/account.html", context, status=422 if form.errors else 200)


def _may_assign(actor: Account) -> bool:
    return any(policy.may_somewhere(actor, p) for p in (permissions.PEOPLE_ASSIGN, permissions.PEOPLE_ASSIGN_DUTY))


def _choices(request: HttpRequest) -> list[tuple[str, str]]:
    actor = account_of(request)
    divisions = Division.objects.filter(tree="adm", valid_to=None).order_by("path")
    allowed = policy.visible(divisions, actor, permissions.PEOPLE_ASSIGN, "path")
    allowed |= policy.visible(divisions, actor, permissions.PEOPLE_ASSIGN_DUTY, "path")
    rows = [(path, "\u3000" * (path.count("/") - 2) + name) for path, name in allowed.values_list("path", "name")]
    everywhere = any("" in policy.scopes(actor, p) for p in (permissions.PEOPLE_ASSIGN, permissions.PEOPLE_ASSIGN_DUTY))
    return [(EVERYWHERE, _("Everywhere")), *rows] if everywhere else rows


def _names(assignments: list[RoleAssignment]) -> dict[str, str]:
    paths = {assignment.division_path for assignment in assignments}
    found = Division.objects.filter(path__in=paths, valid_to=None).values_list("path", "name")
    return {**dict(found), EVERYWHERE: _("Everywhere")}


def _show(form: AccountForm, problem: Problem) -> None:
    for error in problem.errors:
        form.add_error(error.field if error.field in form.fields else None, str(error.detail))
    if not problem.errors:
        form.add_error(None, str(problem.title))
