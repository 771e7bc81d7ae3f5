"""Refused readings: what is held and why, and sending it the way of new readings again once the cause is mended."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now, now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import broker, finding, limits, permissions, uplinks
from onecity.kernel.telemetry.catalogue import Watcher
from onecity.kernel.telemetry.finding import Refused
from onecity.kernel.telemetry.ingest import body as bodies
from onecity.kernel.telemetry.ingest import formats
from onecity.kernel.telemetry.ingest.log import STREAM_FULL, full, unavailable
from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.catalogue import Catalogue, KnownDevice
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.telemetry.logic.readings import by_reason
from onecity.kernel.telemetry.models import Quarantine
from onecity.kernel.telemetry.models.quarantine import Reason

# the way of replayed readings, in counts and in what is refused again
WAY = "replay"
GZIP = b"\x1f\x8b"
JSON_LINES = "application/x-ndjson"
MOST = 100

Outcome = Literal["replayed", "still_refused", "no_sender", "already_replayed", "not_sent"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one row: readings sent the way of new ones, and reasons (with counts) for those refused again."""

    id: UUID
    outcome: Outcome
    accepted: int = 0
    refused: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """How much is held for one reason."""

    reason: str
    messages: int
    readings: int


def counts(rows: QuerySet[Quarantine]) -> list[Held]:
    """How much of `rows` there is for each reason, the most readings first."""
    found = rows.order_by().values_list("reason").annotate(messages=Count("id"), total=Sum("readings"))
    return sorted((Held(*row) for row in found), key=lambda held: (-held.readings, held.reason))


def held_everywhere() -> list[Held]:
    """How much is held in the whole installation, by reason; figures that name nobody, whoever asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason, messages, readings FROM telemetry_held()")
        return [Held(*row) for row in cursor.fetchall()]


def first_lines(row: Quarantine, most: int = 20, width: int = 400) -> list[str]:
    """The first refused texts as they came; bytes that are no text are shown as such."""
    lines = bytes(row.raw)[: most * width * 4].split(b"\n")[:most]
    return [_cut(line.decode(errors="backslashreplace").replace("\0", "\\0"), width) for line in lines if line.strip()]


def replay(ids: Sequence[UUID], actor: Account) -> list[Replayed]:
    """Send held readings through the same reading, checking and log as new ones; one result for each of `ids`.

    A row of which at least one reading may enter becomes replayed, and what is still bad returns to quarantine; a row of
    which none may enter stays as it is. What was replayed already is not sent again; should a crash come between sending
    and noting it, the store recognises what it has. Raises Problem: 404 for a row that the actor does not see, 403 where
    the actor may not replay, 503 when the log took nothing at all.
    """
    wanted = list(dict.fromkeys(ids))
    rows = finding.quarantine(actor, Refused(state="")).filter(id__in=wanted).values_list("id", "division_path")
    paths = dict(rows)
    if missing := [str(one) for one in wanted if one not in paths]:
        title = _("There are no such refused readings that you may see")
        raise Problem("no-refused-readings", title, status=404, extra={"ids": missing})
    for path in paths.values():
        policy.require(actor, permissions.TELEMETRY_MANAGE, path)
    catalogue = known_catalogue()
    found: list[Replayed] = []
    with closing(_open_log()) as link:
        for one in wanted:
            try:
                found.append(_replay_one(one, catalogue, link, actor))
            except _NotTakenError as error:
                if not any(done.outcome == "replayed" for done in found):
                    raise error.problem from error
                # what was sent is noted: it must not be undone by a problem now
                found.append(Replayed(one, "not_sent"))
    return found


def known_catalogue() -> Catalogue:
    """All series and devices as this transaction sees them."""
    connection.ensure_connection()
    watcher = Watcher({})
    watcher.load(connection.connection)
    return watcher.current


class _NotTakenError(RuntimeError):
    """The log did not say that it keeps a message."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def _replay_one(row_id: UUID, catalogue: Catalogue, link: Link, actor: Account) -> Replayed:
    with transaction.atomic():
        row = Quarantine.objects.select_for_update().get(id=row_id)
        if row.state != Quarantine.State.HELD:
            return Replayed(row_id, "already_replayed")
        device = catalogue.devices.get(str(row.device_id))
        if device is None or not device.active:
            return Replayed(row_id, "no_sender", refused={Reason.UNKNOWN_DEVICE: row.kept})
        taken = _take(row, catalogue, device)
        if taken is None:
            return Replayed(row_id, "still_refused", refused={row.reason: row.kept})
        refusals = taken.refusals.finish()
        refused = by_reason(refusals)
        if not len(taken.batch):
            return Replayed(row_id, "still_refused", refused=refused)
        for message in wire.messages(WAY, now_us(), taken.batch, refusals):
            _append(link, message)
        row.state, row.replayed_at = Quarantine.State.REPLAYED, now()
        row.save(update_fields=["state", "replayed_at"])
        result = Replayed(row_id, "replayed", len(taken.batch), refused)
        _record(row, result, actor)
        return result


def _take(row: Quarantine, catalogue: Catalogue, device: KnownDevice) -> formats.Taken | None:
    raw, kind = bytes(row.raw), JSON_LINES
    if row.reason == Reason.CODEC:
        return formats.Taken(WAY, *uplinks.again(raw, catalogue))
    if row.reason == Reason.UNREADABLE:
        # of a longer body only the beginning is there, and the precision of line protocol is not known any more
        if len(raw) >= bodies.HEAD_BYTES or row.source == formats.INFLUX:
            return None
        kind = formats.ARROW_TYPE if row.source == formats.ARROW else JSON_LINES
    try:
        if raw.startswith(GZIP):
            raw = bodies.inflate(raw, "gzip")
        return formats.take(raw, kind, catalogue, device, now_us())
    except Problem:
        # there is no reading in it at all
        return None


def _open_log() -> Link:
    password = BrokerKeys.derive(settings.ONECITY_BROKER_SECRET).password
    link = Link(settings.ONECITY_NATS_URL, broker.USER, password, "onecity-replay")
    try:
        link.open(timeout=3)
    except LinkError as error:
        raise unavailable() from error
    return link


def _append(link: Link, message: bytes) -> None:
    try:
        answer = msgspec.json.decode(link.request(f"log.telemetry.{WAY}", message, limits.LOG_TIMEOUT_S))
    except (LinkError, msgspec.DecodeError) as error:
        raise _NotTakenError(unavailable()) from error
    if code := answer.get("error", {}).get("err_code", 0):
        raise _NotTakenError(full() if code in STREAM_FULL else unavailable())


def _record(row: Quarantine, result: Replayed, actor: Account) -> None:
    audit.record(
        "telemetry.replay",
        actor_id=actor.id,
        object_type="quarantine",
        object_id=row.id,
        division_path=row.division_path,
        detail={"reason": row.reason, "accepted": result.accepted, "refused": sum(result.refused.values())},
    )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
