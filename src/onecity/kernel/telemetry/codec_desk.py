"""Codecs as the desk edits them: messages to try one on, fields added by a form, what differs between two versions."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import Max
from django.utils.translation import gettext as _

from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.clock import now_us, to_us
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry import codec_library, finding, words
from onecity.kernel.telemetry.codec_library import Trial
from onecity.kernel.telemetry.codecs import trying
from onecity.kernel.telemetry.codecs.declaration import CodecError, Reading
from onecity.kernel.telemetry.codecs.reading import MAX_DOCUMENT, read
from onecity.kernel.telemetry.finding import Refused
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.models import CodecStatus, CodecVersion, Device, DeviceAddress, Quarantine, RawMessage
from onecity.kernel.telemetry.models.quarantine import Reason
from onecity.kernel.telemetry.permissions import TELEMETRY_VIEW

SHOWN = 40
EMPTY: Mapping[str, Any] = {"name": "", "title": "", "format": "binary", "messages": [{"fields": []}], "tests": []}


@dataclass(frozen=True, slots=True)
class Listed:
    """A codec in the list: the version in use (0: none), the number of a draft (0: none), and how many addresses use it."""

    name: str
    title: str
    published: int
    draft: int
    addresses: int


@dataclass(frozen=True, slots=True)
class Captured:
    """A message to try a codec on: `key` finds it again; `label` says whose and when."""

    key: str
    label: str
    data: bytes = b""
    document: bytes = b""
    port: int = 0
    received_at: int = 0


def listed() -> list[Listed]:
    """Every codec by name."""
    used: dict[str, int] = {}
    for name in DeviceAddress.objects.values_list("codec", flat=True):
        used[name] = used.get(name, 0) + 1
    found: dict[str, Listed] = {}
    for row in CodecVersion.objects.exclude(status=CodecStatus.RETIRED).order_by("name", "version").defer("definition"):
        before = found.get(row.name, Listed(row.name, row.title, 0, 0, used.get(row.name, 0)))
        draft = row.status == CodecStatus.DRAFT
        found[row.name] = Listed(
            row.name,
            row.title or before.title,
            before.published if draft else row.version,
            row.version if draft else before.draft,
            before.addresses,
        )
    return list(found.values())


def newest(name: str) -> CodecVersion | None:
    """The newest version of a codec, draft or not."""
    number = CodecVersion.objects.filter(name=name).aggregate(Max("version"))["version__max"]
    return CodecVersion.objects.filter(name=name, version=number).first()


def text_of(definition: Mapping[str, Any]) -> str:
    """A definition as people read it."""
    return json.dumps(definition, ensure_ascii=False, indent=2)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs, line by line: each begins with `+`, `-` or a blank; empty where nothing does."""
    old, new = text_of(before).splitlines(), text_of(after).splitlines()
    return [line for line in difflib.unified_diff(old, new, lineterm="", n=3) if not line.startswith(("---", "+++"))]


def captured(principal: Principal, device: str = "") -> list[Captured]:
    """The latest messages that the account may see: as they came, and those that quarantine holds for their codec."""
    raw = policy.visible(RawMessage.objects.all(), principal, TELEMETRY_VIEW)
    held = finding.quarantine(principal, Refused(state="", reason=Reason.CODEC, device_id=parse_id(device)))
    if (one := parse_id(device)) is not None:
        raw = raw.filter(device_id=one)
    rows = list(raw.order_by("-received_at", "-id")[:SHOWN])
    refused = list(held.order_by("-received_at", "-id")[: SHOWN // 2])
    senders = {row.device_id for row in rows} | {row.device_id for row in refused if row.device_id is not None}
    names = dict(Device.objects.filter(id__in=senders).values_list("id", "name"))
    found = [_of_raw(row, names.get(row.device_id, "")) for row in rows]
    for quarantined in refused:
        found += _of_quarantine(quarantined, names.get(quarantined.device_id, "") if quarantined.device_id else "")
    return found


def one_captured(principal: Principal, key: str) -> Captured | None:
    """The message of a key, if the account may see it."""
    kind, _colon, rest = key.partition(":")
    identity = parse_id(rest.partition("/")[0])
    if identity is None:
        return None
    if kind == "raw":
        row = policy.visible(RawMessage.objects.all(), principal, TELEMETRY_VIEW).filter(id=identity).first()
        return None if row is None else _of_raw(row, "")
    held = finding.quarantine(principal, Refused(state="")).filter(id=identity).first()
    return None if held is None else next((one for one in _of_quarantine(held, "") if one.key == key), None)


def attempt(definition: str, message: Captured) -> Trial:
    """Try a definition on a message; a codec that reads no bytes gets the document where a network read it already."""
    data = message.data
    try:
        if message.document and read(definition).format != "binary":
            data = message.document
    except CodecError as error:
        return Trial(where=f"definition:{error.where}", error=error.what)
    return codec_library.try_codec(definition, data, message.port, message.received_at)


def mismatches(definition: str) -> list[trying.Mismatch]:
    """The tests of a definition that do not hold; raises Problem 422 where it cannot be read."""
    try:
        return trying.check(read(definition))
    except CodecError as error:
        raise unreadable(error) from error


def with_field(definition: str, message: int, field: Mapping[str, Any]) -> str:
    """The definition with one field more in its kind of message number `message` (from 0). Raises Problem 422."""
    document = _document(definition)
    listed_ = document.setdefault("messages", [])
    if not isinstance(listed_, list) or not 0 <= message <= len(listed_):
        raise Problem("codec-definition", _("There is no such kind of message"), status=422)
    if message == len(listed_):
        listed_.append({"fields": []})
    kind = listed_[message]
    if not isinstance(kind, dict) or not isinstance(kind.setdefault("fields", []), list):
        raise Problem("codec-definition", _("There is no such kind of message"), status=422)
    kind["fields"].append(dict(field))
    return text_of(document)


def with_test(definition: str, message: Captured, readings: Sequence[Reading]) -> str:
    """The definition with one test more: a captured message and the readings that a person has just looked at."""
    document = _document(definition)
    tests = document.setdefault("tests", [])
    if not isinstance(tests, list):
        raise Problem("codec-definition", _("The codec cannot be read"), status=422)
    expected = [{"attribute": one.attribute, "value": round(one.value, 9)} for one in readings]
    body: dict[str, Any] = {"received_at": times.to_text(message.received_at), "port": message.port}
    if document.get("format", "binary") == "binary":
        body["hex"] = message.data.hex()
    else:
        body["text"] = (message.document or message.data).decode(errors="replace")
    tests.append(body | {"readings": expected})
    return text_of(document)


def unreadable(error: CodecError) -> Problem:
    """422 with the place of what is wrong."""
    errors = [FieldError(error.where, error.what)]
    return Problem("codec-definition", _("The codec cannot be read"), status=422, errors=errors)


def _document(definition: str) -> dict[str, Any]:
    if len(definition) > MAX_DOCUMENT:
        raise Problem("codec-definition", _("The codec cannot be read"), status=422)
    try:
        found: dict[str, Any] = msgspec.json.decode(definition, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Problem("codec-definition", _("The codec cannot be read"), status=422, detail=str(error)[:300]) from error
    return found


def _of_raw(row: RawMessage, name: str) -> Captured:
    data = bytes(row.payload)
    label = f"{name} · {words.way(row.way)} · {row.received_at:%m-%d %H:%M:%S} · {_shown(data)}"
    return Captured(f"raw:{row.id}", label, data, bytes(row.document), row.port, to_us(row.received_at))


def _of_quarantine(row: Quarantine, name: str) -> list[Captured]:
    found = []
    for number, line in enumerate(bytes(row.raw).split(b"\n")[:5]):
        try:
            kept = msgspec.json.decode(line, type=_Kept)
            data = bytes.fromhex(kept.hex)
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
        label = f"{name} · {_('Quarantine')} · {row.received_at:%m-%d %H:%M:%S} · {_shown(data)}"
        at = times.from_one(kept.received_at) or now_us()
        found.append(Captured(f"held:{row.id}/{number}", label, data, kept.document.encode(), kept.port, at))
    return found


class _Kept(msgspec.Struct):
    hex: str
    received_at: str = ""
    port: int = 0
    document: str = ""


def _shown(data: bytes) -> str:
    text = data[:24].decode("ascii", "replace")
    return text if text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in text else data[:16].hex(" ")
