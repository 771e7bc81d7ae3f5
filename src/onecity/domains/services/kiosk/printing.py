"""The printer as a port: a person asks for a print, the machine's program fetches the document and says how it went."""

from typing import Final
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying.views.holding import cards
from onecity.domains.services.kiosk import machines
from onecity.domains.services.kiosk.models import JobState, PrintJob, Terminal
from onecity.kernel.access import audit, session
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records.certificates import copies

MOST_WAITING: Final = 5


def ask(terminal: Terminal, account: Account, certificate_id: UUID) -> PrintJob:
    """Ask for a print of one's own valid certificate; raises a problem (404, 409, 429)."""
    own = next((one for one in cards(account) if one.certificate.id == certificate_id), None)
    if own is None:
        raise Problem("certificate-unknown", _("There is no such certificate among yours."), status=404)
    if not own.valid:
        raise Problem(
            "certificate-state", _("There is no copy of a certificate that is not valid any more."), status=409
        )
    if PrintJob.objects.filter(terminal=terminal, account_id=account.id, ended_at=None).count() >= MOST_WAITING:
        raise Problem("too-many-prints", _("Wait until what you asked for is printed."), status=429)
    made = PrintJob.objects.create(
        terminal=terminal, account_id=account.id, certificate_id=certificate_id, language=get_language() or "zh-hans"
    )
    audit.record(
        "terminal.printed", actor_id=account.id, object_type="certificate", object_id=certificate_id,
        division_path=terminal.division_path, detail={"terminal": str(terminal.id)},
    )  # fmt: skip
    return made


def waiting(terminal: Terminal) -> list[PrintJob]:
    """What a machine has to print, oldest first; one that was taken and never ended comes again."""
    with machines.acting(terminal):
        return list(PrintJob.objects.filter(terminal=terminal, ended_at=None).order_by("asked_at")[:20])


def document(terminal: Terminal, job_id: UUID) -> bytes:
    """The document of a job as PDF, for the machine that prints it; raises a problem (404, 409)."""
    with machines.acting(terminal):
        job = _job(terminal, job_id)
        PrintJob.objects.filter(id=job.id).update(state=JobState.TAKEN)
    with session.acting_as(job.account_id):
        own = cards(Account.objects.get(id=job.account_id))
        found = next((one.certificate for one in own if one.certificate.id == job.certificate_id), None)
        if found is None:
            raise _unknown()
        return copies.pdf(found, job.language)


def ended(terminal: Terminal, job_id: UUID, *, printed: bool, reason: str = "") -> None:
    """How printing went; the same again changes nothing. Raises a problem (404)."""
    with machines.acting(terminal):
        job = PrintJob.objects.filter(id=job_id, terminal=terminal).first()
        if job is None:
            raise _unknown()
        state = JobState.PRINTED if printed else JobState.FAILED
        open_jobs = PrintJob.objects.filter(id=job_id, ended_at=None)
        open_jobs.update(state=state, reason=reason[:200], ended_at=now())


def of_account(terminal: Terminal, account: Account) -> list[PrintJob]:
    """What the person has asked for at this machine, newest first."""
    return list(PrintJob.objects.filter(terminal=terminal, account_id=account.id).order_by("-asked_at")[:10])


def _job(terminal: Terminal, job_id: UUID) -> PrintJob:
    job = PrintJob.objects.filter(id=job_id, terminal=terminal, ended_at=None).first()
    if job is None:
        raise _unknown()
    return job


def _unknown() -> Problem:
    return Problem("print-not-found", _("There is nothing of this number to print here."), status=404)
