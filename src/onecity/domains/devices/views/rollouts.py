"""Releases and roll-outs at the desk, and the door through which a device fetches its release."""

import re
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from onecity.domains.devices import releases, rolling
from onecity.domains.devices.forms import ReleaseForm, RolloutForm
from onecity.domains.devices.models import Release, Rollout, RolloutState, TargetState
from onecity.domains.devices.permissions import COMMAND, VIEW
from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import DEVICE, account_of, mark

SHOWN = 200
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
ACTIONS = {"begin": rolling.begin, "pause": rolling.pause, "undo": rolling.undo}


@require_GET
@permission_required(VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """The roll-outs and the releases."""
    context = {
        "rollouts": rolling.visible(request.user)[:SHOWN],
        "releases": Release.objects.select_related("model")[:SHOWN],
    }
    return render(request, "devices/rollouts.html", context)


@require_http_methods(["GET", "POST"])
@permission_required(COMMAND)
def release_new(request: HttpRequest) -> HttpResponse:
    """A new version with its file."""
    account = account_of(request)
    form = ReleaseForm(request.POST or None, request.FILES or None, account=account, permission=COMMAND)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        file = values.pop("file")
        try:
            releases.add(Release(**values), file.chunks(), account)
        except Problem as problem:
            form.add_error(None, str(problem.detail or problem.title))
        else:
            return redirect("devices:rollouts")
    return render(request, "devices/release_new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@permission_required(COMMAND)
def new(request: HttpRequest) -> HttpResponse:
    """Plan a roll-out."""
    account = account_of(request)
    form = RolloutForm(request.POST or None, account=account, permission=COMMAND)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        shares = {"needed_share": values.pop("needed") / 100, "failure_share": values.pop("failures") / 100}
        try:
            rollout = rolling.plan(Rollout(**values, **shares), account)
        except Problem as problem:
            form.add_error(None, str(problem.detail or problem.title))
        else:
            return redirect("devices:rollout", rollout_id=rollout.id)
    return render(request, "devices/rollout_new.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
@permission_required(VIEW)
def show(request: HttpRequest, rollout_id: UUID) -> HttpResponse:
    """How far a roll-out is."""
    rollout = get_object_or_404(rolling.visible(request.user), id=rollout_id)
    targets = rollout.targets.select_related("record").order_by("stage", "record__name")
    context = {
        "rollout": rollout,
        "stages": _stages(rollout),
        "failed": targets.filter(state=TargetState.FAILED)[:SHOWN],
        "targets": targets[:SHOWN],
        "actions": _actions(rollout) if policy.may(request.user, COMMAND, rollout.division_path) else (),
    }
    return render(request, "devices/rollout.html", context)


@require_POST
@permission_required(COMMAND)
def act(request: HttpRequest, rollout_id: UUID, action: str) -> HttpResponse:
    """Begin, pause or roll back."""
    act_on = ACTIONS.get(action)
    if act_on is None:
        raise Http404
    act_on(rollout_id, account_of(request))
    return redirect("devices:rollout", rollout_id=rollout_id)


@require_GET
def content(request: HttpRequest, release_id: UUID) -> HttpResponseBase:
    """The file of a release, for a device that a roll-out has told of it."""
    path = releases.for_device(request.headers.get("Authorization", ""), release_id)
    size, tag = path.stat().st_size, f'"{path.name}"'
    part = _part(request, size, tag)
    response: HttpResponseBase
    if part is None:
        response = FileResponse(path.open("rb"), content_type="application/octet-stream")
    elif not part:
        response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        with path.open("rb") as file:
            file.seek(part.start)
            content = file.read(len(part))
        response = HttpResponse(content, status=206, content_type="application/octet-stream")
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-store"
    return response


def _part(request: HttpRequest, size: int, tag: str) -> range | None:
    """The bytes asked for (RFC 9110, 14.2): None for all of them, empty where the file has none of these.

    Several parts at once, or a part of another file (`If-Range`), are answered with the whole, as the standard allows.
    """
    asked = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if asked is None or asked[0] == "bytes=-" or request.headers.get("If-Range", tag) != tag:
        return None
    first, last = asked[1], asked[2]
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(size, int(last) + 1) if last else size)


mark(content, DEVICE)


def _stages(rollout: Rollout) -> list[dict[str, object]]:
    rows = []
    for stage in range(rollout.stages):
        stands = rolling.standing(rollout, stage)
        rows.append(
            {
                "number": stage + 1,
                "stands": stands,
                "current": stage == rollout.stage,
                "open": stands.total - stands.confirmed - stands.failed,
            }
        )
    return rows


def _actions(rollout: Rollout) -> list[str]:
    """What may be done now: the words of the addresses."""
    begun = rollout.state != RolloutState.DRAFT
    offered = {
        "begin": rollout.state in {RolloutState.DRAFT, RolloutState.PAUSED},
        "pause": rollout.state == RolloutState.RUNNING,
        "undo": begun and rollout.state != RolloutState.UNDONE,
    }
    return [name for name, possible in offered.items() if possible]
