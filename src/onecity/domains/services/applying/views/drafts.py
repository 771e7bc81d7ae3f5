"""The residents' way through an application: can I, begin, one topic a screen, check, send."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.domains.services.applying import bundling, drafting, filing, journey, naming, offers, parties, settling
from onecity.domains.services.applying.drafting import Work
from onecity.domains.services.applying.journey import CHECK, FORM, KNOWN, PAPERS, PARTS, SITUATION, Step
from onecity.domains.services.applying.logic import facts, fields
from onecity.domains.services.applying.models import Draft, DraftState
from onecity.domains.services.applying.views import showing
from onecity.domains.services.items.store import Published
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of, public, signed_in
from onecity.kernel.people.models import Account
from onecity.kernel.web import terminal


@public
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, code: str, *, bundle: bool = False) -> HttpResponse:
    """Can I apply? Signed in, it is answered from what the city knows; the button begins, or goes on with, a draft."""
    published = offers.offer(code, bundle=bundle)
    chosen = parse_id(request.POST.get("for", "") or request.GET.get("for", ""))
    if request.method == "POST":
        if not isinstance(request.user, Account):
            return HttpResponseRedirect(f"{reverse('account_login')}?next={quote(request.path)}")
        channel = "terminal" if terminal.of(request) else "web"
        draft = drafting.begin(request.user, code, chosen, channel, bundle=bundle)
        return _go(draft, "")
    context: dict[str, Any] = {"published": published, "item": published.item, "chosen": chosen}
    if isinstance(request.user, Account):
        context |= _personal(request.user, published, chosen, bundle=bundle)
    else:
        context["checked"] = facts.check(published.item.conditions, {})
    return render(request, "applying/start.html", context)


def _personal(account: Account, published: Published, chosen: UUID | None, *, bundle: bool) -> dict[str, Any]:
    """What is known of whoever asks, without asking any register before he has begun."""
    spaces = parties.parties(account)
    draft = Draft.objects.filter(account_id=account.id, item_code=published.code, bundle=bundle, state=DraftState.OPEN)
    draft = draft.filter(principal_id=chosen) if chosen else draft
    found = draft.order_by("-changed_at").first()
    known = drafting.open_draft(found.id, account).facts if found else {}
    checked = facts.check(published.item.conditions, known)
    return {
        "spaces": spaces,
        "draft": found,
        "checked": checked,
        "verdict": facts.may_apply(checked),
        "known": bool(known),
    }


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, draft_id: UUID, key: str = "") -> HttpResponse:
    """One step of a draft: shown, or saved and on to the next."""
    account = account_of(request)
    work = drafting.open_draft(draft_id, account, lock=request.method == "POST")
    if work.draft.state != DraftState.OPEN:
        return _sent(work.draft)
    if request.method != "POST":
        drafting.refresh(work, account)
    found = journey.steps(work)
    here, before, behind = journey.step(found, key or journey.first_open(found))
    if request.method != "POST":
        return _show(request, work, here, before)
    try:
        with transaction.atomic():
            done = _save(request, work, here, account)
    except Problem as problem:
        work.draft.refresh_from_db()
        return _show(request, work, here, before, problem)
    if done is not None:
        return done
    again = request.POST.get("stay")
    return _go(work.draft, here.key if again else _behind(work, here, behind))


def _behind(work: Work, here: Step, behind: str) -> str:
    """What was answered may have changed the steps that follow."""
    found = journey.steps(work)
    return journey.step(found, here.key)[2] if here.key in {one.key for one in found} else behind


def _save(request: HttpRequest, work: Work, here: Step, account: Account) -> HttpResponse | None:
    post = request.POST
    if post.get("dispute"):
        drafting.dispute(work, post["dispute"], post.get("text", ""))
    elif here.key == SITUATION:
        drafting.choose(work, post.get("situation", ""))
    elif here.key == PARTS:
        drafting.choose_parts(work, post.getlist("part"))
    elif here.key == KNOWN:
        _known(request, work, account)
    elif here.key.startswith(FORM):
        drafting.answer(work, here.names, fields.read(work.item.form, here.names, post.getlist))
    elif here.key == PAPERS:
        _papers(request, work)
    elif here.key == CHECK:
        return _send(work)
    return None


def _known(request: HttpRequest, work: Work, account: Account) -> None:
    agreed = request.POST.getlist("agree")
    if agreed:
        drafting.agree(work, account, agreed)
    elif request.POST.get("again"):
        drafting.refresh(work, account, force=True)
    else:
        work.draft.done = sorted({*work.draft.done, KNOWN})
        work.draft.save(update_fields=["done"])


def _papers(request: HttpRequest, work: Work) -> None:
    removed = request.POST.get("remove", "")
    if removed:
        drafting.remove_file(work, *removed.split(":", 1)) if ":" in removed else None
        return
    drafting.commit(work, request.POST.getlist("commit"))
    for key, files in request.FILES.lists():
        for one in files:
            if not isinstance(one, str):
                drafting.add_file(work, key.removeprefix("file."), one.name or "", one.read(upload.MOST_BYTES + 1))


def _send(work: Work) -> HttpResponse:
    if work.draft.bundle:
        settling.settle_bundle(bundling.send(work))
    else:
        settling.settle([filing.send(work)])
    return _sent(work.draft)


def _show(request: HttpRequest, work: Work, here: Step, before: str, problem: Problem | None = None) -> HttpResponse:
    context = {"work": work, "item": work.item, "draft": work.draft, "steps": journey.steps(work), "here": here}
    context |= {"before": before, "problem": problem, **_content(request, work, here, problem)}
    kind = "form" if here.key.startswith(FORM) else here.key
    return render(request, f"applying/steps/{kind}.html", context, status=problem.status if problem else 200)


def _content(request: HttpRequest, work: Work, here: Step, problem: Problem | None) -> Mapping[str, Any]:
    """What the step shows beside its frame."""
    if here.key == PARTS:
        return {"parts": bundling.parts(work), "chosen": work.draft.parts}
    if here.key == SITUATION:
        return {"situations": facts.fitting(work.item.situations, work.facts)}
    materials = showing.materials(work)
    if here.key == KNOWN:
        return {
            "materials": [one for one in materials if one.resolved.way in {"certificate", "register", "case"}],
            "consents": [naming.register(name) for name in journey.consents(work)],
            "failed": showing.failures(work),
            "share": journey.share([one.resolved for one in materials]),
        }
    if here.key.startswith(FORM):
        errors = {one.field.split(".")[0]: str(one.detail) for one in problem.errors} if problem else {}
        said = dict(work.draft.answers)
        if request.method == "POST":
            said |= fields.read(work.item.form, here.names, request.POST.getlist)
        shown = fields.of_form(work.item.form, here.names, said, in_language, errors, work.facts)
        return {"fields": showing.sourced(shown)}
    if here.key == PAPERS:
        return {"materials": [one for one in materials if journey.needs_hand(one.resolved)]}
    names = list(facts.properties(work.item.form))
    return {
        "materials": materials,
        "answers": fields.of_form(work.item.form, names, work.draft.answers, in_language),
        "checked": facts.check(work.item.conditions, work.facts),
        "missing": filing.open_points(work, [one.resolved for one in materials]),
    }


@signed_in
@require_POST
def drop(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Throw a draft away."""
    work = drafting.open_draft(draft_id, account_of(request), lock=True)
    if work.draft.state == DraftState.OPEN:
        drafting.drop(work)
        messages.success(request, _("The draft was thrown away."))
    return HttpResponseRedirect(reverse("applying:mine"))


@signed_in
@require_safe
def file(request: HttpRequest, draft_id: UUID, sha256: str) -> HttpResponse:
    """A file of a draft, to whoever added it."""
    draft = Draft.objects.filter(id=draft_id, account_id=account_of(request).id).first()
    return showing.file_response(sha256, draft.uploads if draft else {})


def _go(draft: Draft, key: str) -> HttpResponse:
    address = reverse("applying:draft", args=[draft.id]) if not key else reverse("applying:step", args=[draft.id, key])
    return HttpResponseRedirect(address)


def _sent(draft: Draft) -> HttpResponse:
    number = Case.objects.filter(source_key=f"application:{draft.id}").values_list("number", flat=True).first()
    if number is None:
        return HttpResponseRedirect(reverse("applying:mine"))
    return HttpResponseRedirect(reverse("applying:followed", args=[number]) + "?new=1")
