"""What happens to a certificate after it was issued: renewed, changed, suspended, resumed, revoked.

Each step is an event of its history, changes the published status list, and is in the audit trail, all in one transaction.
`actor` is the account that does it and needs the right; None is a rule that decided, whose caller answers for it.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Literal
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records import permissions
from onecity.kernel.records.certificates import issuing, opening, publishing, sealing, signing
from onecity.kernel.records.certificates.logic.kind import Value
from onecity.kernel.records.certificates.requests import Holder, IssueRequest, check
from onecity.kernel.records.certificates.signing import Place, Signer
from onecity.kernel.records.certificates.writing import write
from onecity.kernel.records.identifiers import MOST_VERSIONS
from onecity.kernel.records.keys import store
from onecity.kernel.records.models import Certificate, CertificateEvent, State

LONGEST_REASON: Final = 500
NUMBER: Final = "SELECT records_number_of(%s)"
FROM: Final[Mapping[str, tuple[str, ...]]] = {
    "suspend": (State.VALID,),
    "resume": (State.SUSPENDED,),
    "revoke": (State.VALID, State.SUSPENDED),
    "replace": (State.VALID, State.SUSPENDED),
}
TO: Final[Mapping[str, str]] = {
    "suspend": State.SUSPENDED,
    "resume": State.VALID,
    "revoke": State.REVOKED,
    "replace": State.REPLACED,
}


@dataclass(frozen=True, slots=True)
class New:
    """What is different in the next version of a certificate; None stays as it is."""

    claims: Mapping[str, Value] | None = None
    holder_name: str | None = None
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    source_key: str = ""
    case_id: UUID | None = None


def suspend(certificate_id: UUID, actor: Account | None, reason: str) -> Certificate:
    """Let it not count until it is resumed; raises Problem 404, 403, 409 for a state that does not allow it, 422 for no reason."""
    return _step(certificate_id, actor, "suspend", reason)


def resume(certificate_id: UUID, actor: Account | None, reason: str) -> Certificate:
    """Let it count again; raises as `suspend`."""
    return _step(certificate_id, actor, "resume", reason)


def revoke(certificate_id: UUID, actor: Account | None, reason: str) -> Certificate:
    """Take it away for good; done twice it is done once. Raises as `suspend`."""
    return _step(certificate_id, actor, "revoke", reason)


def renew(certificate_id: UUID, actor: Account | None, reason: str, new: New | None = None) -> Certificate:
    """The next version, with a new period; the one before is replaced by it. Done twice it gives the same version.

    Raises as `suspend`, and as `issuing.issue` where what it would say is wrong.
    """
    return _next(certificate_id, actor, reason, new or New())


def change(certificate_id: UUID, actor: Account | None, reason: str, new: New) -> Certificate:
    """The next version with other claims or another name, valid as long as the one before; raises as `renew`."""
    with _locked(certificate_id, actor) as row:
        kept = replace(new, valid_from=new.valid_from or row.valid_from, valid_until=new.valid_until or row.valid_until)
        return _next(certificate_id, actor, reason, kept)


def history(certificate: Certificate) -> list[CertificateEvent]:
    """Its events, oldest first."""
    return list(CertificateEvent.objects.filter(certificate_id=certificate.id).order_by("step"))


def _step(certificate_id: UUID, actor: Account | None, action: str, reason: str) -> Certificate:
    said = _reason(reason)
    with _locked(certificate_id, actor) as row:
        if row.state == TO[action] and action != "resume":
            return row
        _move(row, actor, action, said)
    return row


def _next(certificate_id: UUID, actor: Account | None, reason: str, new: New) -> Certificate:
    said = _reason(reason)
    with _locked(certificate_id, actor) as row:
        source = new.source_key or f"after:{row.id}"
        known = issuing.of_sources([source])
        if source in known:
            if known[source].replaces_id != row.id:
                raise Problem("source-used", _("From this source another certificate was issued already."), status=409)
            return known[source]
        ready = check([_request(row, new, source)])[0]
        if row.version >= MOST_VERSIONS:
            raise Problem("no-version", _("This certificate has no further version: issue a new one."), status=409)
        _move(row, actor, "replace", said)
        place = Place(issuing.counts(1)[0], row.serial, row.version + 1, row.id)
        made = signing.row_of(ready, Signer(store.current(), store.issuer(), now()), place)
        write([made], actor.id if actor else None, "renew" if new.claims is None else "change", said)
    return made


def _request(row: Certificate, new: New, source: str) -> IssueRequest:
    inside = sealing.unseal(row.id, row.sealed)
    kind: Literal["person", "company"] = "person" if row.holder_kind == "person" else "company"
    return IssueRequest(
        type_code=row.type_code,
        holder=Holder(kind, new.holder_name or row.holder_name, inside.identity, row.account_id),
        issuer_uscc=row.issuer_uscc,
        source_key=source,
        claims={**row.claims, **inside.claims} | dict(new.claims or {}),
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        case_id=new.case_id or row.case_id,
        division_path=row.division_path,
        issuer_name=row.issuer_name,
    )


def _move(row: Certificate, actor: Account | None, action: str, reason: str) -> None:
    if row.state not in FROM[action]:
        raise Problem(
            "certificate-state",
            _("This certificate is “%(state)s”: that cannot be done with it any more.")
            % {"state": row.get_state_display()},
            status=409,
            extra={"state": row.state},
        )
    before, moment = row.state, now()
    row.state, row.step = TO[action], row.step + 1
    row.save(update_fields=["state", "step"])
    actor_id = actor.id if actor else None
    CertificateEvent.objects.create(
        certificate_id=row.id, step=row.step, at=moment, actor_id=actor_id, action=action, from_state=before,
        to_state=row.state, reason=reason,
    )  # fmt: skip
    publishing.set_status(row)
    audit.record(
        f"certificates.{action}",
        actor_id=actor_id,
        object_type="certificate",
        object_id=row.id,
        division_path=row.division_path,
        purpose=reason[:200],
        detail={"number": row.number},
    )


@contextmanager
def _locked(certificate_id: UUID, actor: Account | None) -> Iterator[Certificate]:
    """The certificate, locked until the transaction ends; raises Problem 404, and 403 where the actor has no right to it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NUMBER, [certificate_id])
        number = cursor.fetchone()[0]
        if number is None:
            raise not_found()
        with opening.written([number]):
            row = Certificate.objects.select_for_update().get(id=certificate_id)
            if actor is not None:
                policy.require(actor, permissions.MANAGE, row.division_path)
            yield row


def not_found() -> Problem:
    """There is no such certificate, or not for the one who asks."""
    return Problem("certificate-not-found", _("There is no such certificate."), status=404)


def _reason(text: str) -> str:
    said = " ".join(text.replace("\0", "").split())
    if not said or len(said) > LONGEST_REASON:
        raise Problem("reason-needed", _("Say why, in at most 500 characters."), status=422)
    return said
