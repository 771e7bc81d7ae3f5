"""Drafts of service items at the desk: written as fields or as JSON, sent for review, reviewed and published by others."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.domains.services.items import checking, editing, permissions, publishing
from onecity.domains.services.items.checking import Told
from onecity.domains.services.items.models import ItemVersion, Sort
from onecity.domains.services.items.views.desk import changes, find_draft, name_in
from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import calendars
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account

LONGEST: Final = 500_000


@permission_required(permissions.EDIT)
@require_POST
def begin(request: HttpRequest, sort: str, code: str) -> HttpResponse:
    """Begin a draft of the newest version, or go on with the one that is open."""
    if sort not in Sort.values:
        raise publishing.invalid("sort", _("Choose what to do."))
    draft = publishing.begin(Sort(sort), code, account_of(request))
    return HttpResponseRedirect(reverse("services:desk-edit", args=[draft.id]))


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The draft as it would be: what differs, what is wrong, what is next."""
    draft = find_draft(draft_id)
    account = account_of(request)
    base = publishing.latest(draft.item)
    findings = checking.of_content(Sort(draft.item.sort), draft.content) if draft.is_open else []
    context: dict[str, Any] = {
        "draft": draft,
        "title": name_in(draft.content) or draft.item.code,
        "base": base,
        "differences": changes(base.content, draft.content) if base else [],
        "findings": findings,
        "mistakes": any(one.weight == "mistake" for one in findings),
        "own": str(account.id) in {*draft.editors, str(draft.author_id)},
        "may_edit": policy.may_somewhere(account, permissions.EDIT),
        "may_publish": policy.may_somewhere(account, permissions.PUBLISH),
    }
    return render(request, "services/desk/draft.html", context)


@permission_required(permissions.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """What the draft says, as fields (items only) or as JSON; what is sent is saved with its mistakes named."""
    draft = find_draft(draft_id)
    as_json = request.GET.get("as") == "json" or draft.item.sort != Sort.ITEM
    wrong: list[Told] = []
    text = ""
    if request.method == "POST":
        content, wrong, text = _sent(request, draft, as_json=as_json)
        if not wrong:
            revision = request.POST.get("revision", "0")
            number = int(revision) if revision.isdecimal() else 0
            publishing.write(draft.id, account_of(request), number, content, request.POST.get("comment", ""))
            messages.success(request, str(_("The draft is saved.")))
            return HttpResponseRedirect(reverse("services:desk-draft", args=[draft.id]))
        draft.content = content
    context = {
        "draft": draft,
        "title": name_in(draft.content) or draft.item.code,
        "as_json": as_json,
        "fields": draft.item.sort == Sort.ITEM,
        "text": text or json.dumps(draft.content, ensure_ascii=False, indent=1),
        "shown": editing.shown(draft.content) if not as_json else {},
        "findings": wrong or checking.of_content(Sort(draft.item.sort), draft.content),
    }
    return render(request, "services/desk/edit.html", context, status=422 if wrong else 200)


def _sent(request: HttpRequest, draft: ItemVersion, *, as_json: bool) -> tuple[dict[str, Any], list[Told], str]:
    if not as_json:
        edited = editing.read(request.POST, draft.content)
        return edited.content, edited.wrong, ""
    text = request.POST.get("content", "")
    if len(text) > LONGEST:
        return draft.content, [Told("content", "mistake", str(_("This is too long.")))], text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        sentence = str(_("This is no JSON (line and column %(where)s).") % {"where": where})
        return draft.content, [Told("content", "mistake", sentence)], text
    if not isinstance(found, dict) or "\\u0000" in text:
        return draft.content, [Told("content", "mistake", str(_("This is no JSON object.")))], text
    return found, [], text


@permission_required(permissions.EDIT)
@require_POST
def act(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Send for review, or give up."""
    doing = WRITING.get(request.POST.get("action", ""))
    if doing is None:
        raise publishing.invalid("action", _("Choose what to do."))
    return _done(request, draft_id, doing)


@permission_required(permissions.PUBLISH)
@require_POST
def judge(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Approve, send back, or publish."""
    doing = JUDGING.get(request.POST.get("action", ""))
    if doing is None:
        raise publishing.invalid("action", _("Choose what to do."))
    moment, answer = _moment(request.POST.get("effective_from", "")), request.POST.get("answer", "")
    return _done(request, draft_id, lambda draft, account: doing(draft, account, moment, answer))


def _done(request: HttpRequest, draft_id: UUID, doing: Callable[[UUID, Account], ItemVersion]) -> HttpResponse:
    find_draft(draft_id)
    try:
        doing(draft_id, account_of(request))
    except Problem as problem:
        if not problem.errors:
            raise
        for error in problem.errors:
            messages.error(request, f"{error.field}: {error.detail}")
    return HttpResponseRedirect(reverse("services:desk-draft", args=[draft_id]))


WRITING: Final[Mapping[str, Callable[[UUID, Account], ItemVersion]]] = {
    "submit": publishing.submit,
    "drop": publishing.drop,
}
JUDGING: Final[Mapping[str, Callable[[UUID, Account, dt.datetime | None, str], ItemVersion]]] = {
    "approve": lambda draft, account, _moment, _answer: publishing.approve(draft, account),
    "send_back": lambda draft, account, _moment, answer: publishing.send_back(draft, account, answer),
    "publish": lambda draft, account, moment, _answer: publishing.publish(draft, account, moment),
}


def _moment(text: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise publishing.invalid("effective_from", _("This is not written as it should be.")) from error
    return found if found.tzinfo else found.replace(tzinfo=calendars.office().zone)
