"""The residents' pages of cases: report, find, follow, answer, rate."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import segno
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.kernel.access import throttle
from onecity.kernel.access.throttle import Limit
from onecity.kernel.cases import asked, attachments, rating, reporting
from onecity.kernel.cases.intake import suggested
from onecity.kernel.cases.intake.resident import filing, following, kinds, waiting
from onecity.kernel.cases.intake.resident.filing import Report
from onecity.kernel.cases.intake.resident.forms import MOST_PHOTOS, FindForm, RatingForm, ReportForm, WordForm
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.rating import Given
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of, public, signed_in
from onecity.kernel.people.models import Account

HOUR: Final = dt.timedelta(hours=1)
# of one address; an account may report three times as much
REPORTS: Final = Limit("report", 20, HOUR)
GUESSES: Final = Limit("report-code", 30, HOUR)
WORDS: Final = Limit("report-word", 30, HOUR)
LOOKS: Final = Limit("report-kinds", 200, HOUR)
OF_ACCOUNT: Final = 3


@public
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The form, or the new case; sent twice it opens one."""
    form = ReportForm(request.POST or None, request.FILES or None)
    step, wrong, status = asked.step(QueryDict(), ""), None, 200
    if request.method == "POST":
        step = asked.step(request.POST, kinds.meant(request.POST.get("kind", "")))
        try:
            if not form.is_valid():
                status = 422
            elif step.ready:
                return _file(request, form, step)
            else:
                _count(request, REPORTS)
                waiting.keep(form.cleaned_data["key"], _photos(form))
        except Problem as problem:
            wrong, status = problem, _show(form, problem)
    key = parse_id(request.POST.get("key", ""))
    context = {
        "form": form,
        "asks": step.shown(wrong, _("One more thing: please say more about it, then send the report.")),
        "waiting": waiting.count(key) if key else 0,
    }
    return render(request, "cases/report/new.html", context, status=status)


def _photos(form: ReportForm) -> list[tuple[str, bytes]]:
    return [(one.name or "", one.read(upload.MOST_BYTES + 1)) for one in form.cleaned_data["photos"]]


def _file(request: HttpRequest, form: ReportForm, step: asked.Step) -> HttpResponse:
    account = request.user if isinstance(request.user, Account) else None
    values = {name: value for name, value in form.cleaned_data.items() if name != "photos"}
    _count(request, REPORTS)
    photos = [*waiting.kept(values["key"]), *_photos(form)][:MOST_PHOTOS]
    if step.form is not None:
        # should an answer be wrong, they need not be chosen again
        waiting.keep(values["key"], photos)
    values["division_path"] = values.pop("division")
    case, code = filing.file(Report(**values, answers=step.given), photos, account)
    waiting.forget(values["key"])
    suggested.chose(request.POST.get("shown", ""), case)
    following.hold(request, case, code)
    return HttpResponseRedirect(reverse("cases:followed", args=[case.number]) + "?new=1")


@public
@require_POST
def suggest(request: HttpRequest) -> HttpResponse:
    """Kinds that fit what was written so far, as a piece of the page; nothing is filed."""
    try:
        _count(request, LOOKS)
    except Problem as problem:
        return HttpResponse(status=problem.status)
    text, division = (request.POST.get(name, "")[:2000].replace("\0", "") for name in ("text", "division"))
    offer = suggested.offer(text, division, {kind.name for kind in kinds.offered()})
    return render(request, "cases/intake/kinds.html", {"offer": offer, "button": "button"})


@public
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """A case by its number and code."""
    form = FindForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            _count(request, GUESSES)
            code = form.cleaned_data["code"]
            with reporting.holding(form.cleaned_data["number"], code) as case:
                following.hold(request, case, code)
                return HttpResponseRedirect(reverse("cases:followed", args=[case.number]))
        except Problem as problem:
            status = _show(form, problem)
    return render(
        request, "cases/report/find.html", {"form": form}, status=422 if form.errors and status == 200 else status
    )


@signed_in
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What I reported."""
    return render(request, "cases/report/mine.html", {"rows": following.mine(account_of(request))})


@public
@require_safe
def follow(request: HttpRequest, number: str) -> HttpResponse:
    """Where a case stands."""
    with following.seen(request, number) as case:
        return _page(request, case)


@public
@require_POST
def say(request: HttpRequest, number: str) -> HttpResponse:
    """A word about it; it reaches whoever has the case, and reopens it where it is not solved."""

    def done(case: Case, form: forms.Form, account: Account | None) -> None:
        rating.say(case, form.cleaned_data["text"], account, unsolved=form.cleaned_data["unsolved"])

    return _answer(request, number, WordForm(request.POST), "word_form", done)


@public
@require_POST
def rate(request: HttpRequest, number: str) -> HttpResponse:
    """Stars and a text."""

    def done(case: Case, form: forms.Form, account: Account | None) -> None:
        rating.rate(case, Given(form.cleaned_data["stars"], form.cleaned_data["text"]), account)

    return _answer(request, number, RatingForm(request.POST), "rating_form", done)


@public
@require_safe
def photo(request: HttpRequest, number: str, attachment_id: UUID) -> HttpResponse:
    """One of the pictures of a case, to its reporter."""
    with following.seen(request, number) as case:
        found = following.photo(case, attachment_id)
    response = HttpResponse(attachments.read(found), content_type=found.media_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _answer(
    request: HttpRequest,
    number: str,
    form: forms.Form,
    name: str,
    done: Callable[[Case, forms.Form, Account | None], None],
) -> HttpResponse:
    account = request.user if isinstance(request.user, Account) else None
    with following.seen(request, number) as case:
        if not form.is_valid():
            return _page(request, case, **{name: form}, status=422)
        try:
            _count(request, WORDS)
            done(case, form, account)
        except Problem as problem:
            return _page(request, case, **{name: form}, status=_show(form, problem))
    messages.success(request, _("Thank you. It was added to the case."))
    return HttpResponseRedirect(reverse("cases:followed", args=[number]))


def _page(request: HttpRequest, case: Case, status: int = 200, **forms_: forms.Form) -> HttpResponse:
    code = request.session.get(following.HELD, {}).get(case.number, "")
    context: dict[str, Any] = {
        "shown": following.follow(case),
        "code": code,
        "new": "new" in request.GET,
        "qr": _qr(request, case.number, code) if code else "",
        "word_form": WordForm(),
        "rating_form": RatingForm(),
    }
    return render(request, "cases/report/followed.html", context | forms_, status=status)


def _qr(request: HttpRequest, number: str, code: str) -> str:
    """The address of the case with its code behind the #, which no server is sent and no log keeps."""
    address = f"{request.build_absolute_uri(reverse('cases:find'))}#{number}/{code}"
    drawn = segno.make(address, error="m").svg_inline(scale=4, border=2, omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn by us from a number and letters


def _count(request: HttpRequest, limit: Limit) -> None:
    if isinstance(request.user, Account):
        throttle.take(Limit(limit.name, limit.most * OF_ACCOUNT, limit.period), str(request.user.id))
    else:
        throttle.take(limit, throttle.address_of(request))


def _show(form: forms.Form, problem: Problem) -> int:
    """Write a problem into a form; returns its status. It is answered, not raised: what was counted stays counted."""
    if problem.code == "answers-invalid":
        # told at the fields themselves
        form.add_error(None, _("Correct what this kind asks."))
        return problem.status
    names = {"division_path": "division", "file": "photos", "note": "text", "title": "text"}
    for error in problem.errors:
        name = names.get(error.field, error.field)
        form.add_error(name if name in form.fields else None, str(error.detail))
    if not problem.errors:
        form.add_error(None, f"{problem.title} {problem.detail}".strip())
    return problem.status
