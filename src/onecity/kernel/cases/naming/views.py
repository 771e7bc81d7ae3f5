"""The desk page that says who sees whose name, and changes it with a reason."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import permissions
from onecity.kernel.cases.naming import policy as naming
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of


@permission_required(permissions.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """The rules in force, their earlier versions, and for those who may a form to change them."""
    account = account_of(request)
    problem: Problem | None = None
    if request.method == "POST":
        sent = request.POST.get("version", "")
        seen = int(sent) if sent.isdecimal() and len(sent) < 9 else -1
        rules = {name: request.POST.get(name, "") for name, *_more in naming.LINES}
        try:
            naming.change(account, rules, request.POST.get("reason", ""), seen)
        except Problem as error:
            if error.status not in {409, 422}:
                raise
            problem = error
        else:
            messages.success(request, _("This holds from now on."))
            return HttpResponseRedirect(reverse("cases:names"))
    holding, versions = naming.in_force(), naming.versions()
    lines = [
        (name, whose, to, naming.GRADES[getattr(holding, name)], [
            (grade, naming.GRADES[grade], grade == (request.POST.get(name) or getattr(holding, name))) for grade in grades
        ])
        for name, whose, to, grades in naming.LINES
    ]  # fmt: skip
    context = {
        "lines": lines,
        "versions": [(row, _said(row.rules)) for row in versions],
        "version": versions[0].version if versions else 0,
        "may_change": policy.may_somewhere(account, permissions.NAMES),
        "problem": problem,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "cases/names.html", context, status=problem.status if problem else 200)


def _said(rules: dict[str, str]) -> list[tuple[object, object, object]]:
    return [(whose, to, naming.GRADES.get(rules.get(name, ""), "")) for name, whose, to, _grades in naming.LINES]
