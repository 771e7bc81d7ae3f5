"""The desk's pages of codecs: the list, an editor with trials on captured messages, versions and what differs between them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.clock import now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import codec_desk, codec_library
from onecity.kernel.telemetry.codec_desk import Captured
from onecity.kernel.telemetry.codec_forms import FieldForm
from onecity.kernel.telemetry.codecs.reading import MAX_DOCUMENT
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.models import CodecStatus, CodecVersion
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE, TELEMETRY_VIEW

VERSIONS = 50
LONGEST_MESSAGE = 200_000


@permission_required(TELEMETRY_VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every codec."""
    may_edit = policy.may_somewhere(account_of(request), TELEMETRY_MANAGE)
    return render(request, "telemetry/codecs.html", {"codecs": codec_desk.listed(), "may_edit": may_edit})


@permission_required(TELEMETRY_VIEW)
@require_safe
def show(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """One version, the others, and what differs from the one before (or from the version of `against`)."""
    row = CodecVersion.objects.filter(name=name, version=version).first()
    if row is None:
        raise Http404
    rows = list(CodecVersion.objects.filter(name=name).order_by("-version").defer("definition")[:VERSIONS])
    wanted = request.GET.get("against", "")
    number = int(wanted) if wanted.isdigit() and len(wanted) < 9 else version - 1
    other = CodecVersion.objects.filter(name=name, version=number).first()
    context = {
        "row": row,
        "rows": rows,
        "other": other,
        "difference": codec_desk.difference(other.definition, row.definition) if other is not None else [],
        "definition": codec_desk.text_of(row.definition),
        "may_edit": policy.may(account_of(request), TELEMETRY_MANAGE, row.division_path),
        "retired": row.status == CodecStatus.RETIRED,
    }
    return render(request, "telemetry/codec_version.html", context)


@permission_required(TELEMETRY_MANAGE)
@require_POST
def roll_back(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Put an earlier version into use again, as a new one: what was in use stays where it was."""
    row = CodecVersion.objects.filter(name=name, version=version).exclude(status=CodecStatus.DRAFT).first()
    if row is None:
        raise Http404
    try:
        found = codec_library.publish(row.definition, row.division_path, account_of(request))
    except Problem as problem:
        messages.error(request, str(problem))
        return HttpResponseRedirect(reverse("telemetry:codec", args=[name, version]))
    messages.success(request, _("Version %(n)d is in use now.") % {"n": found.version})
    return HttpResponseRedirect(reverse("telemetry:codec", args=[name, found.version]))


@permission_required(TELEMETRY_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    """The editor: a definition, a captured message, and what comes of the one read by the other."""
    account = account_of(request)
    known = codec_desk.newest(request.GET.get("name", ""))
    text = codec_desk.text_of(known.definition if known is not None else codec_desk.EMPTY)
    context: dict[str, Any] = {"definition": text, "field_form": FieldForm(), "known": known}
    status = 200
    if request.method == "POST":
        context["definition"] = request.POST.get("definition", "")[: MAX_DOCUMENT + 1]
        try:
            saved = _act(request, account, context)
            if saved is not None:
                return HttpResponseRedirect(reverse("telemetry:codec", args=[saved.name, saved.version]))
        except Problem as problem:
            context["problem"], status = problem, problem.status
    context |= {
        "captured": codec_desk.captured(account, request.GET.get("device", "")),
        "chosen": request.POST.get("captured", ""),
        "hex": request.POST.get("hex", ""),
        "port": request.POST.get("port", ""),
    }
    return render(request, "telemetry/codec_edit.html", context, status=status)


def _act(request: HttpRequest, account: Account, context: dict[str, Any]) -> CodecVersion | None:
    """Do what the button says; a version where one was published."""
    text, act = context["definition"], request.POST.get("act", "try")
    division = policy.scopes(account, TELEMETRY_MANAGE)[0]
    if act == "publish":
        found = codec_library.publish(text, division, account)
        messages.success(request, _("Version %(n)d is in use now.") % {"n": found.version})
        return found
    if act == "save":
        found = codec_library.save_draft(text, division, account)
        context |= {"saved": found, "known": found, "mismatches": codec_desk.mismatches(text), "tested": True}
    elif act == "field":
        form = context["field_form"] = FieldForm(request.POST)
        if form.is_valid():
            context["definition"] = codec_desk.with_field(text, form.cleaned_data["message"] - 1, form.field())
            context["field_form"] = FieldForm(initial={"message": form.cleaned_data["message"]})
    else:
        _try(request, account, context, keep=act == "test")
    return None


def _try(request: HttpRequest, account: Account, context: dict[str, Any], *, keep: bool) -> None:
    """Read a message by the definition; with `keep` the message and its readings become a test of it."""
    message = _message(request, account)
    trial = codec_desk.attempt(context["definition"], message)
    shown = [(one, times.to_text(one.observed_at)) for one in trial.readings]
    context |= {"trial": trial, "readings": shown, "message": message.data.hex(" ")[:3000]}
    if keep and trial.error is None:
        context["definition"] = codec_desk.with_test(context["definition"], message, trial.readings)
        context["kept"] = True


def _message(request: HttpRequest, account: Account) -> Captured:
    """The message that was chosen, or typed in as hex or text; raises Problem 422."""
    if key := request.POST.get("captured", ""):
        found = codec_desk.one_captured(account, key)
        if found is None:
            raise Problem("codec-message", _("The message is not here any more; choose another"), status=422)
        return found
    typed = request.POST.get("hex", "").strip()[:LONGEST_MESSAGE]
    port = request.POST.get("port", "")
    try:
        data = typed.encode() if typed.startswith(("{", "[")) else bytes.fromhex(typed)
    except ValueError as error:
        raise Problem("codec-message", _("Write the message in hex, or as JSON"), status=422) from error
    number = int(port) if port.isdigit() and len(port) < 4 else 0
    return Captured("", "", data, port=number, received_at=now_us())
