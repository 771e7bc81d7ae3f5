"""Drafts of kinds at the desk: written as fields or as JSON, sent for review, published by another person, from files."""

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
from django.views.decorators.http import require_http_methods, require_POST

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import calendars, catalogue, choices, permissions
from onecity.kernel.cases.kinds import checking, describing, drafting, editing
from onecity.kernel.cases.kinds.checking import Wrong
from onecity.kernel.cases.kinds.views import described
from onecity.kernel.cases.logic import bundle
from onecity.kernel.cases.logic.definition import DefinitionError, parse, to_data
from onecity.kernel.cases.models import CaseType, CaseTypeDraft
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account

LARGEST_FILE: Final = 5 * 1024 * 1024
LARGEST_TEXT: Final = 500_000


@permission_required(permissions.MANAGE)
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Begin the draft of a kind: a change of its newest version, or a new kind made after another one."""
    account = account_of(request)
    name, like = request.POST.get("name", "").strip(), request.POST.get("like", "")
    if not like:
        return _to(drafting.begin(name, account))
    drafting.check_name(name)
    if CaseType.objects.filter(name=name).exists():
        raise drafting.invalid("name", _("There is a kind with this short name already."))
    model = CaseType.objects.filter(name=like).order_by("-version").first()
    if model is None:
        raise drafting.invalid("like", _("Choose the kind after which it is made."))
    return _to(drafting.begin(name, account, model.definition))


@permission_required(permissions.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """What the draft says, as fields or (`as=json`) as JSON; what is sent is saved with its mistakes named."""
    draft = _find(draft_id)
    as_json = request.GET.get("as") == "json"
    wrong: list[Wrong] = []
    text = ""
    if request.method == "POST":
        definition, wrong, text = _sent(request, draft, as_json=as_json)
        if not wrong:
            revision = request.POST.get("revision", "0")
            drafting.write(
                draft.id,
                account_of(request),
                int(revision) if revision.isdecimal() else 0,
                definition,
                request.POST.get("comment", "")[:500],
            )
            messages.success(request, str(_("The draft is saved.")))
            where = reverse("cases:kind-draft", args=[draft.id])
            return HttpResponseRedirect(f"{where}?as=json" if as_json and "stay" in request.POST else where)
        draft.definition = definition
    context = {
        "draft": draft,
        "title": _title(draft),
        "as_json": as_json,
        "text": text or json.dumps(draft.definition, ensure_ascii=False, indent=1),
        "shown": editing.shown(draft.definition),
        "severities": choices.SEVERITIES.items(),
        "wrong": wrong or checking.mistakes(draft.definition),
        "unread": bool(wrong),
    }
    return render(request, "cases/kinds/edit.html", context, status=422 if wrong else 200)


def _sent(request: HttpRequest, draft: CaseTypeDraft, *, as_json: bool) -> tuple[dict[str, Any], list[Wrong], str]:
    if not as_json:
        edited = editing.read(request.POST, draft.definition)
        return edited.definition, edited.wrong, ""
    text = request.POST.get("definition", "")
    if len(text) > LARGEST_TEXT:
        return draft.definition, [Wrong("definition", _("This is too long."))], text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        sentence = _("This is no JSON (line and column %(where)s).") % {"where": where}
        return draft.definition, [Wrong("definition", sentence)], text
    if not isinstance(found, dict) or "\\u0000" in text:
        return draft.definition, [Wrong("definition", _("A definition is an object."))], text
    return found, [], text


@permission_required(permissions.MANAGE)
@require_http_methods(["GET", "HEAD"])
def show(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The draft as it would be: what differs, what is wrong, what is next."""
    draft = _find(draft_id)
    account = account_of(request)
    base = CaseType.objects.filter(name=draft.name, version=draft.based_on).first()
    works = drafting.works(draft.definition)
    new = to_data(parse(draft.definition)) if works else draft.definition
    context = {
        "draft": draft,
        "title": _title(draft),
        "base": base,
        "differences": describing.differences(base.definition, new) if base else [],
        "wrong": checking.mistakes(draft.definition) if draft.is_open else [],
        "own": str(account.id) in {*draft.editors, str(draft.author_id)},
        **(described(parse(draft.definition)) if works else {}),
    }
    return render(request, "cases/kinds/draft.html", context)


@permission_required(permissions.MANAGE)
@require_POST
def act(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Send for review, send back, give up, or publish."""
    draft, account = _find(draft_id), account_of(request)
    what = request.POST.get("action", "")
    if what == "publish":
        made = drafting.publish(draft.id, account, _moment(request.POST.get("effective_from", "")))
        messages.success(request, _("Version %(n)s is published.") % {"n": made.version})
        return HttpResponseRedirect(f"{reverse('cases:kind', args=[draft.name])}?version={made.version}")
    if what == "send_back":
        return _to(drafting.send_back(draft.id, account, request.POST.get("answer", "")))
    doing = ACTS.get(what)
    if doing is None:
        raise drafting.invalid("action", _("Choose what to do."))
    try:
        doing(draft.id, account)
    except Problem as problem:
        if not problem.errors:
            raise
        for error in problem.errors:
            messages.error(request, f"{error.field}: {error.detail}")
    return _to(draft)


ACTS: Final[Mapping[str, Callable[[UUID, Account], CaseTypeDraft]]] = {
    "submit": drafting.submit,
    "drop": drafting.drop,
}


@permission_required(permissions.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def take_in(request: HttpRequest) -> HttpResponse:
    """A file of kinds: what it would do, and then a draft for each that is new or changed; nothing holds before review."""
    text, problem, changes = "", None, []
    if request.method == "POST":
        file = request.FILES.get("file")
        text = request.POST.get("text", "")
        try:
            content = file.read(LARGEST_FILE + 1) if file else text.encode()
            read = _read_file(content)
            text = content.decode()
            changes = catalogue.compare(read)
            if "confirm" in request.POST:
                return _take(request, read, changes)
        except Problem as error:
            problem = error
    context = {
        "text": text,
        "problem": problem,
        "changes": [
            (one, [describing.worded(*each) for each in one.differences]) for one in changes if one.kind != "same"
        ],
        "same": sum(one.kind == "same" for one in changes),
        "looked": request.method == "POST" and problem is None,
    }
    return render(request, "cases/kinds/take_in.html", context, status=422 if problem else 200)


def _take(request: HttpRequest, read: bundle.Bundle, changes: list[catalogue.Change]) -> HttpResponse:
    account = account_of(request)
    chosen = [one.name for one in changes if one.kind != "same"]
    for name in chosen:
        drafting.begin(name, account, to_data(read.definitions[name]))
    messages.success(request, _("%(n)s drafts were made; nothing holds before they are reviewed.") % {"n": len(chosen)})
    return HttpResponseRedirect(reverse("cases:kinds"))


def _read_file(content: bytes) -> bundle.Bundle:
    if len(content) > LARGEST_FILE:
        raise drafting.invalid("file", _("This file is too large."))
    try:
        return bundle.read(json.loads(content.decode("utf-8-sig")))
    except (ValueError, RecursionError) as error:
        told = error.mistakes if isinstance(error, DefinitionError) else [str(_("This is no JSON file."))]
        raise Problem(
            "case-types-file",
            _("This file cannot be taken in."),
            status=422,
            errors=[FieldError("file", one) for one in told[:50]],
        ) from error


def _moment(text: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise drafting.invalid("effective_from", _("This is not written as it should be.")) from error
    return found if found.tzinfo else found.replace(tzinfo=calendars.office().zone)


def _title(draft: CaseTypeDraft) -> str:
    title = draft.definition.get("title")
    return in_language(title) if isinstance(title, dict) and title else draft.name


def _find(draft_id: UUID) -> CaseTypeDraft:
    draft = CaseTypeDraft.objects.filter(id=draft_id).first()
    if draft is None:
        raise drafting.not_found()
    return draft


def _to(draft: CaseTypeDraft) -> HttpResponse:
    return HttpResponseRedirect(reverse("cases:kind-draft", args=[draft.id]))
