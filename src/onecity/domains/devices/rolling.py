"""Roll-outs: begun, carried on stage by stage as devices confirm, paused, stopped by failures, rolled back."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from onecity.domains.devices import groups
from onecity.domains.devices.logic.staging import Standing, Step, assign, decide
from onecity.domains.devices.models import (
    DeviceRecord,
    RecordStatus,
    Release,
    ReleaseKind,
    Rollout,
    RolloutState,
    RolloutTarget,
    TargetState,
)
from onecity.domains.devices.permissions import COMMAND, VIEW
from onecity.kernel.access import audit, policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.commanding import service as commanding
from onecity.kernel.telemetry.models import Command, CommandState

UPDATE = "update"
COLUMN = {ReleaseKind.FIRMWARE.value: "firmware_version", ReleaseKind.CONFIGURATION.value: "configuration_version"}
# after being told, most devices answer within this time
LATELY = dt.timedelta(minutes=15)
ENDED_BADLY = (CommandState.FAILED, CommandState.EXPIRED, CommandState.CANCELLED)


def visible(account: Principal) -> QuerySet[Rollout]:
    """The roll-outs that the account may see."""
    return policy.visible(Rollout.objects.select_related("release__model", "group", "canary"), account, VIEW)


def plan(rollout: Rollout, actor: Account) -> Rollout:
    """Keep a roll-out with its devices and their stages; nothing is sent yet. Raises Problem 403, 422 (no device)."""
    policy.require(actor, COMMAND, rollout.division_path)
    rows = _wanted(rollout)
    if not rows:
        detail = _(
            "No installed device of the model is in the group and the division, or all have the version already."
        )
        raise Problem("rollout-empty", _("There is no device to update"), status=422, detail=detail)
    first = set(groups.within(rollout.canary).values_list("device_id", flat=True)) if rollout.canary else set()
    canary = np.array([row.device_id in first for row in rows], np.bool_)
    order = np.array([_place(rollout.id, row.device_id) for row in rows], np.uint64)
    stages = assign(order, canary, rollout.percents)
    known = {release.version: release for release in _siblings(rollout.release)}
    column = COLUMN[rollout.release.kind]
    rollout.stages = int(stages.max()) + 1
    rollout.created_by = actor.id
    with transaction.atomic():
        rollout.save()
        RolloutTarget.objects.bulk_create(
            RolloutTarget(
                rollout=rollout,
                record=row,
                stage=stage,
                release=rollout.release,
                before=known.get(getattr(row, column)),
            )
            for row, stage in zip(rows, stages.tolist(), strict=True)
        )
        _record("devices.rollout_planned", rollout, actor)
    return rollout


def begin(rollout_id: UUID, actor: Account) -> Rollout:
    """Begin, or carry on after a pause; the first stage is told at once. Raises Problem 403, 404, 409."""
    return _move(rollout_id, actor, (RolloutState.DRAFT, RolloutState.PAUSED), RolloutState.RUNNING)


def pause(rollout_id: UUID, actor: Account) -> Rollout:
    """Tell nobody more until it is carried on. Raises Problem 403, 404, 409."""
    return _move(rollout_id, actor, (RolloutState.RUNNING,), RolloutState.PAUSED)


def undo(rollout_id: UUID, actor: Account) -> Rollout:
    """Withdraw what is not carried out and tell updated devices to go back. Raises Problem 403, 404, 409."""
    before = (RolloutState.RUNNING, RolloutState.PAUSED, RolloutState.STOPPED, RolloutState.DONE)
    with transaction.atomic():
        rollout = _move(rollout_id, actor, before, RolloutState.UNDONE)
        for target in rollout.targets.filter(state__in=[TargetState.SENT, TargetState.CONFIRMED]):
            _take_back(rollout, target)
    return rollout


def advance(rollout_id: UUID) -> Rollout:
    """Take in what devices have said and do what follows. Whoever calls it twice changes nothing the second time."""
    with transaction.atomic():
        rollout = Rollout.objects.select_for_update(of=("self",)).select_related("release").get(id=rollout_id)
        _gather(rollout)
        while rollout.state == RolloutState.RUNNING:
            _tell(rollout)
            step = decide(standing(rollout, rollout.stage), rollout.needed_share, rollout.failure_share)
            if step == Step.WAIT:
                break
            _take(rollout, step)
        rollout.save()
    return rollout


def under_way() -> list[UUID]:
    """The roll-outs of which devices have still something to say."""
    open_states = [TargetState.SENT, TargetState.UNDOING]
    rows = Rollout.objects.filter(targets__state__in=open_states) | Rollout.objects.filter(state=RolloutState.RUNNING)
    return list(rows.values_list("id", flat=True).distinct())


def answering() -> bool:
    """Whether devices were told lately and may answer any moment."""
    told = RolloutTarget.objects.filter(state__in=[TargetState.SENT, TargetState.UNDOING]).values("command_id")
    return Command.objects.filter(id__in=told, created_at__gte=now() - LATELY).exists()


def standing(rollout: Rollout, stage: int) -> Standing:
    """How a stage stands."""
    states = Counter(rollout.targets.filter(stage=stage).values_list("state", flat=True))
    return Standing(sum(states.values()), states[TargetState.CONFIRMED], states[TargetState.FAILED])


def _wanted(rollout: Rollout) -> list[DeviceRecord]:
    release = rollout.release
    rows = groups.within(rollout.group) if rollout.group else DeviceRecord.objects.all()
    rows = rows.filter(model=release.model, division_path__startswith=rollout.division_path)
    rows = rows.exclude(status=RecordStatus.RETIRED).exclude(**{COLUMN[release.kind]: release.version})
    return list(rows.order_by("device_id").distinct())


def _siblings(release: Release) -> QuerySet[Release]:
    return Release.objects.filter(model=release.model, kind=release.kind).exclude(id=release.id)


def _place(rollout: UUID, device: UUID) -> int:
    return int.from_bytes(hashlib.sha256(rollout.bytes + device.bytes).digest()[:8], "big")


def _move(rollout_id: UUID, actor: Account, before: Sequence[str], after: RolloutState) -> Rollout:
    with transaction.atomic():
        rollout = visible(actor).filter(id=rollout_id).first()
        if rollout is None:
            raise Problem("no-rollout", _("There is no such roll-out"), status=404)
        policy.require(actor, COMMAND, rollout.division_path)
        rollout = Rollout.objects.select_for_update().get(id=rollout_id)
        if rollout.state not in before:
            detail = _("Its state: %(state)s.") % {"state": rollout.get_state_display()}
            raise Problem("rollout-state", _("The roll-out cannot do that now"), status=409, detail=detail)
        rollout.state, rollout.reason = after, ""
        rollout.save(update_fields=["state", "reason"])
        _record(f"devices.rollout_{after.value}", rollout, actor)
        return advance(rollout.id)


def _take(rollout: Rollout, step: Step) -> None:
    """Go on to the next stage, or end."""
    if step == Step.STOP:
        rollout.state = RolloutState.STOPPED
        stands = standing(rollout, rollout.stage)
        rollout.reason = _("Stage %(stage)d: %(failed)d of %(total)d devices failed.") % {
            "stage": rollout.stage + 1, "failed": stands.failed, "total": stands.total,
        }  # fmt: skip
    elif rollout.stage + 1 < rollout.stages:
        rollout.stage += 1
    else:
        rollout.state, rollout.finished_at = RolloutState.DONE, now()


def _tell(rollout: Rollout) -> None:
    """Tell whoever of the present stage has not been told."""
    for target in rollout.targets.filter(stage=rollout.stage, state=TargetState.WAITING).select_related("release"):
        _send(rollout, target, target.release, TargetState.SENT)


def _send(rollout: Rollout, target: RolloutTarget, release: Release, after: TargetState) -> None:
    """One command; the key makes a repetition the same command. Who cannot be told has failed."""
    payload = {
        "kind": release.kind, "version": release.version, "sha256": release.sha256, "size": release.size,
        "url": settings.ONECITY_BASE_URL.rstrip("/") + reverse("devices:release-content", args=[release.id]),
    }  # fmt: skip
    key = f"rollout:{rollout.id}:{after.value}"
    until = now() + dt.timedelta(hours=rollout.hours)
    try:
        command = commanding.send(target.record_id, UPDATE, payload, expires_at=until, idempotency_key=key, actor=None)
        target.state, target.command_id = after, command.id
    except Problem as problem:
        target.state, target.detail = TargetState.FAILED, str(problem.title)[:300]
    target.save(update_fields=["state", "command_id", "detail"])


def _gather(rollout: Rollout) -> None:
    """What has become of the commands of this roll-out."""
    open_targets = list(
        rollout.targets.filter(state__in=[TargetState.SENT, TargetState.UNDOING]).select_related("release", "before")
    )
    commands = {c.id: c for c in Command.objects.filter(id__in=[target.command_id for target in open_targets])}
    for target in open_targets:
        command = commands.get(target.command_id) if target.command_id else None
        if command is None or (command.state != CommandState.ACKNOWLEDGED and command.state not in ENDED_BADLY):
            continue
        _settle(target, command)


def _settle(target: RolloutTarget, command: Command) -> None:
    if command.state != CommandState.ACKNOWLEDGED:
        said = command.result.get("reason") or command.result.get("value") or ""
        target.state, target.detail = TargetState.FAILED, f"{command.get_state_display()} {said}".strip()[:300]
    else:
        back = target.state == TargetState.UNDOING
        has = target.before if back and target.before else target.release
        target.state = TargetState.UNDONE if back else TargetState.CONFIRMED
        changed = {COLUMN[has.kind]: has.version, "changed_at": now()}
        DeviceRecord.objects.filter(device_id=target.record_id).update(**changed)
    target.save(update_fields=["state", "detail"])


def _take_back(rollout: Rollout, target: RolloutTarget) -> None:
    """A command that still waits is withdrawn; a device that may have updated is told to go back where that is known."""
    command = Command.objects.filter(id=target.command_id).first() if target.command_id else None
    if command is not None and command.state == CommandState.QUEUED:
        commanding.cancel(command.id, None)
        target.state = TargetState.UNDONE
        target.save(update_fields=["state"])
    elif target.before is not None:
        _send(rollout, target, target.before, TargetState.UNDOING)
    else:
        target.detail = _("The version before is not kept here: it stays as it is.")
        target.save(update_fields=["detail"])


def _record(action: str, rollout: Rollout, actor: Account) -> None:
    audit.record(
        action, actor_id=actor.id, object_type="device_rollout", object_id=rollout.id,
        division_path=rollout.division_path, detail={"release": str(rollout.release_id), "stages": rollout.stages},
    )  # fmt: skip


__all__ = ["advance", "answering", "begin", "pause", "plan", "standing", "under_way", "undo", "visible"]
