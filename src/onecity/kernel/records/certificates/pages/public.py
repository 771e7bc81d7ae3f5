"""What everybody may open: the page that verifies certificates, and what other programs need to verify them themselves."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import public
from onecity.kernel.records.certificates import asking, publishing
from onecity.kernel.records.certificates.pages.forms import FileForm, NumberForm, TokenForm
from onecity.kernel.records.certificates.pages.showing import facts
from onecity.kernel.records.certificates.rendering.authority import authority
from onecity.kernel.records.certificates.verification.files import MOST_BYTES
from onecity.kernel.records.certificates.verifying import Verdict
from onecity.kernel.records.models import CertificateTypeVersion

STATUS_TYPE = "application/statuslist+jwt"
MOST_LISTS = 1_000_000


@public
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """The verdict on a number (in the address, as a QR code has it), a file or signed data; without one, the question."""
    how = request.POST.get("how", "")
    number = NumberForm(request.GET if "number" in request.GET else None)
    file = FileForm(request.POST, request.FILES) if how == "file" else FileForm()
    token = TokenForm(request.POST) if how == "token" else TokenForm()
    context: dict[str, Any] = {"number_form": number, "file_form": file, "token_form": token}
    status = 200
    try:
        verdict = _verdict(request, number, file, token)
    except Problem as problem:
        # answered, not raised: the attempt stays counted
        verdict, status = None, problem.status
        context["refused"] = problem
    if verdict is not None:
        context |= {"verdict": verdict, "facts": facts(verdict, get_language() or "zh-hans")}
    elif status == 200 and (number.errors or file.errors or token.errors):
        status = 422
    response = render(request, "records/verify.html", context, status=status)
    response["Cache-Control"] = "no-store"  # a verdict is of this moment
    return response


def _verdict(request: HttpRequest, number: NumberForm, file: FileForm, token: TokenForm) -> Verdict | None:
    if request.method == "POST" and file.is_bound and file.is_valid():
        return asking.file(request, file.cleaned_data["file"].read(MOST_BYTES + 1))
    if request.method == "POST" and token.is_bound and token.is_valid():
        return asking.token(request, token.cleaned_data["token"])
    if request.method != "POST" and number.is_bound and number.is_valid():
        return asking.number(request, number.cleaned_data["number"])
    return None


@public
@require_safe
def issuer(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """The issuer's keys (SD-JWT VC, JWT VC issuer metadata)."""
    return _json(publishing.issuer_metadata(), 60)


@public
@require_safe
def type_metadata(request: HttpRequest, code: str, version: int) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """The description of a kind of certificate (SD-JWT VC, type metadata)."""
    try:
        return _json(publishing.type_metadata(code, version), 3600)
    except CertificateTypeVersion.DoesNotExist as error:
        raise Http404(code) from error


@public
@require_safe
def status_list(request: HttpRequest, number: int) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """The states of some certificates as a signed list (IETF Token Status List)."""
    if number > MOST_LISTS:
        raise Http404
    response = HttpResponse(publishing.status_list(number), content_type=STATUS_TYPE)
    response["Cache-Control"] = f"public, max-age={publishing.TTL}"
    response["Access-Control-Allow-Origin"] = "*"
    return response


@public
@require_safe
def root_certificate(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """The root that PDF readers have to trust."""
    response = HttpResponse(authority().root_pem, content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="onecity-root.pem"'
    return response


def _json(data: dict[str, Any], age: int) -> HttpResponse:
    response = HttpResponse(publishing.written(data), content_type="application/json")
    response["Cache-Control"] = f"public, max-age={age}"
    response["Access-Control-Allow-Origin"] = "*"  # whoever verifies in a browser reads it from there
    return response
