"""From a body to a batch: which format it is in, what can be read, what may enter."""

from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import limits
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.ingest import body as bodies
from onecity.kernel.telemetry.ingest.body import UnreadableError
from onecity.kernel.telemetry.logic import admission, arrow, arrow_frame, line_protocol, ndjson
from onecity.kernel.telemetry.logic.admission import Window
from onecity.kernel.telemetry.logic.catalogue import Catalogue, KnownDevice
from onecity.kernel.telemetry.logic.readings import Readings, Refusals, TooMuchRefusedError
from onecity.kernel.telemetry.logic.why import why

ARROW, HTTP, INFLUX = "arrow", "http", "influx"
ARROW_TYPE = "application/vnd.apache.arrow.stream"
JSON_TYPES = {
    "", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-seq",
    "application/x-jsonlines", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a body: the readings that may enter and the refusals of the others.

    `problem` where the body could not be read as readings: what its sender is told, while `refusals` holds its beginning.
    """

    source: str
    batch: Batch
    refusals: Refusals
    problem: Problem | None = None


def take(body: bytes, kind: str, catalogue: Catalogue, device: KnownDevice, now_us: int) -> Taken:
    """The readings in a body of media type `kind`; raises Problem 400 where it is empty."""
    refusals = Refusals(limits.MAX_REFUSED)
    units: list[tuple[int, str]] = []
    source = way(kind)
    try:
        if source == ARROW:
            readings = _arrow(body, refusals, device.id)
        else:
            readings, units = _json(body, kind, refusals, device.id)
        return _admitted(source, readings, units, refusals, catalogue, device, now_us)
    except TooMuchRefusedError:
        return unreadable(source, body, too_many(limits.FEWER_READINGS), device.id)
    except UnreadableError as problem:
        return unreadable(source, body, problem, device.id)


def way(kind: str) -> str:
    """The way that a media type comes by, as counts and quarantine name it."""
    return ARROW if kind == ARROW_TYPE else HTTP


def unreadable(source: str, body: bytes, problem: UnreadableError, device: str) -> Taken:
    """A body that cannot be read, or is too large: its beginning is refused as one thing, for `problem`.

    Raises `problem` where there is nothing to keep.
    """
    refusals = Refusals()
    detail = problem.extra.get("cause", "") or why("problem", problem.code, len(body))
    head = (problem.head or body)[: bodies.HEAD_BYTES]
    if not head:
        raise problem
    refusals.add("unreadable", [head], count=1, detail=detail, line=0, device=device)
    return Taken(source, Batch.empty(), refusals, problem)


def take_lines(body: bytes, precision: str, catalogue: Catalogue, device: KnownDevice, now_us: int) -> Taken:
    """The readings in a body of InfluxDB line protocol; raises Problem 400 where it is empty."""
    if precision not in line_protocol.PRECISIONS:
        listed = ", ".join(name for name in line_protocol.PRECISIONS if name)
        title = _("The precision of the times must be one of %(list)s") % {"list": listed}
        return unreadable(INFLUX, body, UnreadableError("precision_unknown", title, status=400), device.id)
    refusals = Refusals(limits.MAX_REFUSED)
    try:
        readings = line_protocol.parse(body, precision, now_us, refusals, device.id)
        return _admitted(INFLUX, readings, [], refusals, catalogue, device, now_us)
    except TooMuchRefusedError:
        return unreadable(INFLUX, body, too_many(limits.FEWER_READINGS), device.id)


def window(now_us: int) -> Window:
    """The times that may enter now."""
    kept = limits.retention_us()
    return Window(oldest=now_us - kept if kept else admission.FIRST_DAY, newest=now_us + limits.future_tolerance_us())


def too_many(most: int) -> UnreadableError:
    """The answer to a body with more rows than are taken at once; nothing of it was."""
    return UnreadableError(
        "too_large",
        _("The request is too large"),
        status=413,
        detail=_("Send at most %(readings)d rows at once.") % {"readings": most},
    )


def _admitted(
    source: str,
    readings: Readings,
    units: list[tuple[int, str]],
    refusals: Refusals,
    catalogue: Catalogue,
    device: KnownDevice,
    now_us: int,
) -> Taken:
    if not len(readings) and not refusals.readings:
        raise Problem("nothing_sent", _("The request contains no reading"), status=400)
    sender = np.full(len(readings), device.number, np.int32)
    batch = admission.admit(catalogue, readings, sender, window(now_us), refusals, units)
    return Taken(source, batch, refusals)


def _json(body: bytes, kind: str, refusals: Refusals, device: str) -> tuple[Readings, list[tuple[int, str]]]:
    if kind not in JSON_TYPES and not kind.endswith("+json"):
        raise UnreadableError(
            "type_not_supported",
            _("This content type is not supported"),
            status=415,
            detail=_("Send JSON, JSON lines (application/x-ndjson) or an Arrow stream (%(arrow)s).")
            % {"arrow": ARROW_TYPE},
        )
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if text.startswith(b"["):
        lines = ndjson.split_array(text)
        if lines is None:
            refusals.add(
                "malformed", [text.replace(b"\n", b" ")], count=1, detail=why("json_array"), line=0, device=device
            )
            return Readings.empty(), []
        text = lines
    elif b"\n" in text and (one := ndjson.single(text)) is not None:
        text = one
    return ndjson.parse(text, refusals, device)


def _arrow(body: bytes, refusals: Refusals, device: str) -> Readings:
    try:
        arrow_frame.check(body, limits.MAX_READINGS, limits.MAX_INFLATED)
        return arrow.parse(body, refusals, device)
    except arrow_frame.TooLargeError as error:
        raise too_many(limits.MAX_READINGS) from error
    except arrow.SchemaError as error:
        raise UnreadableError(
            "arrow_not_readable",
            _("The Arrow stream cannot be read as readings"),
            status=400,
            detail=_(
                "Columns needed: entity, attribute, value, observed_at; or entity, observed_at and one per attribute."
            ),
            extra={"cause": str(error)},
        ) from error
