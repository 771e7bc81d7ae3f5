"""The library of codecs: drafts, publishing (only what passes its own tests), trying out, and files to take elsewhere."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now, now_us
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.text import Text
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.codecs import trying
from onecity.kernel.telemetry.codecs.declaration import Codec, CodecError, Payload, Reading
from onecity.kernel.telemetry.codecs.reading import MAX_DOCUMENT, read
from onecity.kernel.telemetry.models import CodecStatus, CodecVersion
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE

MOST_IN_FILE = 1000
MAX_FILE = 16 * 1024 * 1024

Document = bytes | str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying a codec on a message: readings, or where it failed and why (for people)."""

    readings: Sequence[Reading] = ()
    where: str = ""
    error: Text | None = None


def try_codec(definition: Document, data: bytes, port: int = 0, received_at: int | None = None) -> Trial:
    """Read one captured message by a definition that need not be saved; errors carry their position.

    `where` begins with `definition:` where the definition itself is wrong. `received_at` in µs, now without it.
    """
    try:
        codec = read(definition)
    except CodecError as error:
        return Trial(where=f"definition:{error.where}", error=error.what)
    try:
        payload = Payload(data, port, now_us() if received_at is None else received_at)
        return Trial(trying.attempt(codec, payload))
    except CodecError as error:
        return Trial(where=error.where, error=error.what)


def save_draft(definition: Document, division_path: str, actor: Account) -> CodecVersion:
    """Keep a definition as the draft of its name's next version; its tests may still fail. Raises Problem 422, 403."""
    codec, document = _read(definition)
    with transaction.atomic():
        newest = _newest(codec.name)
        policy.require(actor, TELEMETRY_MANAGE, division_path if newest is None else newest.division_path)
        if newest is not None and newest.status == CodecStatus.DRAFT:
            newest.definition, newest.title = document, str(document.get("title", ""))
            newest.save(update_fields=["definition", "title"])
            return newest
        return CodecVersion.objects.create(
            name=codec.name,
            version=1 if newest is None else newest.version + 1,
            title=str(document.get("title", "")),
            definition=document,
            division_path=division_path if newest is None else newest.division_path,
            created_by=actor.id,
        )


def publish(definition: Document, division_path: str, actor: Account) -> CodecVersion:
    """Put a definition into use as the next version of its name, in place of the one before.

    Refused (Problem 422) when it has no test or one of its tests does not hold. A definition that is in use already
    stays the version it is.
    """
    codec, document = _read(definition)
    if not codec.vectors:
        raise Problem(
            "codec-without-tests",
            _("The codec has no test"),
            status=422,
            detail=_("Add at least one message of a real device, with the readings that must come of it."),
        )
    if wrong := trying.check(codec):
        raise Problem(
            "codec-tests-fail",
            _("The codec does not pass its own tests"),
            status=422,
            errors=[FieldError(item.name, item.what, "test") for item in wrong],
        )
    with transaction.atomic():
        newest = _newest(codec.name)
        current = CodecVersion.objects.filter(name=codec.name, status=CodecStatus.PUBLISHED).first()
        if current is not None and current.definition == document:
            return current
        draft = save_draft(document, division_path if newest is None else newest.division_path, actor)
        CodecVersion.objects.filter(name=codec.name, status=CodecStatus.PUBLISHED).update(status=CodecStatus.RETIRED)
        draft.status, draft.published_at = CodecStatus.PUBLISHED, now()
        draft.save(update_fields=["status", "published_at"])
        audit.record(
            "telemetry.codec_published",
            actor_id=actor.id,
            object_type="codec",
            object_id=draft.id,
            division_path=draft.division_path,
            detail={"name": draft.name, "version": draft.version},
        )
        return draft


@transaction.atomic
def adopt(definition: Document, division_path: str) -> CodecVersion:
    """Put into use what another installation, which this one follows, has in use; a draft here stays a draft.

    Raises Problem 422 for a codec that cannot be read here or does not pass its own tests here.
    """
    codec, document = _read(definition)
    if wrong := trying.check(codec):
        errors = [FieldError(item.name, item.what, "test") for item in wrong]
        raise Problem("codec-tests-fail", _("The codec does not pass its own tests"), status=422, errors=errors)
    newest = _newest(codec.name)
    in_use = CodecVersion.objects.filter(name=codec.name, status=CodecStatus.PUBLISHED)
    current = in_use.first()
    if current is not None and current.definition == document:
        return current
    in_use.update(status=CodecStatus.RETIRED)
    return CodecVersion.objects.create(
        name=codec.name,
        version=1 if newest is None else newest.version + 1,
        title=str(document.get("title", "")),
        definition=document,
        division_path=division_path,
        status=CodecStatus.PUBLISHED,
        published_at=now(),
    )


def export(names: Sequence[str] = ()) -> bytes:
    """The codecs in use (all, or those named) as one JSON file that `import_` takes."""
    rows = CodecVersion.objects.filter(status=CodecStatus.PUBLISHED).order_by("name")
    if names:
        rows = rows.filter(name__in=names)
    body = {"onecity": "codecs", "codecs": [row.definition for row in rows]}
    return json.dumps(body, ensure_ascii=False, indent=1).encode()


def import_(file: bytes, division_path: str, actor: Account) -> list[CodecVersion]:
    """Publish every codec of a file, or none: raises Problem 422 naming each that is wrong."""
    documents = _in_file(file)
    errors: list[FieldError] = []
    found: list[CodecVersion] = []
    with transaction.atomic():
        for number, document in enumerate(documents):
            name = str(document.get("name", number))
            try:
                with transaction.atomic():
                    found.append(publish(document, division_path, actor))
            except Problem as problem:
                if problem.status != 422:
                    raise
                errors.append(FieldError(name, str(problem), problem.code))
        if errors:
            title = _("Nothing was imported: some codecs of the file cannot be used")
            raise Problem("codec-file", title, status=422, errors=errors)
    return found


def _in_file(file: bytes) -> list[dict[str, Any]]:
    title = _("This is not a file of codecs")
    if len(file) > MAX_FILE:
        raise Problem("codec-file", title, status=422)
    try:
        body = msgspec.json.decode(file)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("codec-file", title, status=422, detail=str(error)) from error
    listed = body.get("codecs") if isinstance(body, dict) and "codecs" in body else body
    listed = listed if isinstance(listed, list) else [listed]
    if len(listed) > MOST_IN_FILE or not all(isinstance(item, dict) for item in listed) or not listed:
        raise Problem("codec-file", title, status=422)
    return [item for item in listed if isinstance(item, dict)]


def _newest(name: str) -> CodecVersion | None:
    return CodecVersion.objects.select_for_update().filter(name=name).order_by("-version").first()


def _read(definition: Document) -> tuple[Codec, dict[str, Any]]:
    """The codec and its document as it is kept; raises Problem 422 with the place of what is wrong."""
    try:
        codec = read(definition)
    except CodecError as error:
        raise Problem(
            "codec-definition",
            _("The codec cannot be read"),
            status=422,
            errors=[FieldError(error.where, error.what)],
        ) from error
    document = msgspec.json.decode(definition) if isinstance(definition, bytes | str) else dict(definition)
    if len(json.dumps(document)) > 2 * MAX_DOCUMENT or "\\u0000" in json.dumps(document):
        raise Problem("codec-definition", _("The codec cannot be read"), status=422)
    return codec, document
