"""What pages show of materials, fields and files: where each came from, in words."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying import drafting, naming
from onecity.domains.services.applying.drafting import Work
from onecity.domains.services.applying.logic.facts import properties
from onecity.domains.services.applying.logic.fields import Field, of_form
from onecity.domains.services.applying.logic.resolving import Resolved
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem

DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")
WAYS: Final[Mapping[str, object]] = {
    "certificate": _("From your certificates"),
    "register": _("From the register"),
    "case": _("From an earlier application"),
    "commitment": _("You promise it"),
    "upload": _("Added by you"),
    "missing": _("Still needed"),
    "skipped": _("Not needed"),
}
FAILED: Final[Mapping[str, object]] = {
    "away": _("The register does not answer just now. Add the paper, or look again later."),
    "consent": _("You have not agreed that the register is asked."),
    "not-found": _("The register has no entry."),
    "disputed": _("You said that the register is wrong."),
    "refused": _("The register does not share this."),
}


@dataclass(frozen=True)
class Material:
    """One material as a page shows it: its name, who supplies it, what was found, and why an earlier way did not work."""

    resolved: Resolved
    name: str
    way: object
    source: str
    values: Sequence[tuple[str, object]]
    failed: Sequence[object]
    files: Sequence[Mapping[str, Any]] = ()
    disputed: str = ""


@dataclass(frozen=True)
class Sourced:
    """A field with the name of the register from which it was filled in."""

    field: Field
    source: str


def materials(work: Work) -> list[Material]:
    """The materials of a draft."""
    found = drafting.materials(work)
    sources = {one.key: one.source.register for one in work.item.materials if one.source is not None}
    return [material(one, sources.get(one.key, ""), work.draft.uploads, work.draft.disputed) for one in found]


def material(one: Resolved, register: str, uploads: Mapping[str, Any], disputed: Mapping[str, str]) -> Material:
    """One material."""
    named = naming.register(register) if register else None
    source = in_language(one.title) if one.way in {"certificate", "case"} else named.title if named else ""
    return Material(
        one,
        in_language(one.name),
        WAYS[one.way],
        source,
        naming.values(register, one.values) if register else (),
        [FAILED[reason] for reason in one.failed if reason in FAILED],
        uploads.get(one.key, ()),
        disputed.get(one.key, ""),
    )


def failures(work: Work) -> list[tuple[str, object]]:
    """The registers that did not answer, with the reason."""
    return [
        (naming.register(name).title, FAILED[one.failure])
        for name, one in work.fetched.items()
        if one.failure in {"away", "refused"}
    ]


def answers(form: Mapping[str, Any], said: Mapping[str, Any]) -> list[Field]:
    """What was said to a form, with its labels."""
    return of_form(form, list(properties(form)), said, in_language)


def sourced(fields: Iterable[Field]) -> list[Sourced]:
    """Fields with the names of their sources."""
    return [Sourced(one, naming.source(one.source) if one.source else "") for one in fields]


def file_response(sha256: str, uploads: Mapping[str, Sequence[Mapping[str, Any]]]) -> HttpResponse:
    """A file that is among these uploads; raises Problem 404 for any other, and for one that is not what it was."""
    known = {str(one["sha256"]): one for files in uploads.values() for one in files}
    found = known.get(sha256) if DIGEST.match(sha256) else None
    with suppress(FileNotFoundError):
        content = (settings.ONECITY_UPLOADS / "drafts" / sha256[:2] / sha256).read_bytes() if found else b""
        if found is not None and hashlib.sha256(content).hexdigest() == sha256:
            response = HttpResponse(content, content_type=found["media_type"])
            response["Content-Security-Policy"] = "default-src 'none'; sandbox"
            response["X-Content-Type-Options"] = "nosniff"
            response["Content-Disposition"] = "attachment" if found["media_type"] == "application/pdf" else "inline"
            response["Cache-Control"] = "private, max-age=600"
            return response
    raise Problem("no-file", _("There is no such file."), status=404)
