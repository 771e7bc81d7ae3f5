"""The files of a case: given only to who may see the case, and never as something a browser would run."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from onecity.kernel.access import audit, policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import attachments, changing, permissions
from onecity.kernel.cases.models import Attachment, Case
from onecity.kernel.cases.service import visible_cases
from onecity.kernel.people.doors import account_of


@permission_required(permissions.VIEW)
@require_safe
def attachment(request: HttpRequest, case_id: UUID, attachment_id: UUID) -> HttpResponse:
    """The bytes of one file, with the type that was found in them."""
    found = _found(request, case_id, attachment_id)
    etag = f'"{found.sha256}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304)
    response = HttpResponse(attachments.read(found), content_type=found.media_type)
    as_file = not found.media_type.startswith("image/")
    response["Content-Disposition"] = content_disposition_header(as_file, found.name) or "inline"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=0, must-revalidate"
    response["ETag"] = etag
    return response


@permission_required(permissions.REPORTERS)
@require_safe
def original(request: HttpRequest, case_id: UUID, attachment_id: UUID) -> HttpResponse:
    """A photo as it came, with what its camera says of place, time and owner; the reading is logged."""
    found = _found(request, case_id, attachment_id)
    account = account_of(request)
    policy.require(account, permissions.REPORTERS, found.case.division_path)
    content = attachments.read_original(found)
    audit.record(
        "cases.evidence.read",
        actor_id=account.id,
        object_type="case",
        object_id=case_id,
        division_path=found.case.division_path,
        detail={"attachment": str(found.id), "sha256": found.original},
    )
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def _found(request: HttpRequest, case_id: UUID, attachment_id: UUID) -> Attachment:
    account = account_of(request)
    seen = visible_cases(account).filter(id=case_id) | Case.objects.filter(id=case_id, assignee_id=account.id)
    found = Attachment.objects.select_related("case").filter(id=attachment_id, case_id=case_id).first()
    if found is None or not seen.exists():
        raise changing.not_found()
    return found
