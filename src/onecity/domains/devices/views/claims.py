"""Labels to print, and the phone's page at the device."""

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from onecity.domains.devices import claiming
from onecity.domains.devices.forms import ClaimForm
from onecity.domains.devices.permissions import MANAGE
from onecity.domains.devices.registering import devices_of
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases.logic.upload import MOST_BYTES
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of

MOST_LABELS = 200


@require_POST
@permission_required(MANAGE)
def labels(request: HttpRequest) -> HttpResponse:
    """A sheet of labels for the devices named, ready to print; codes before these end."""
    account = account_of(request)
    wanted = [one for text in request.POST.getlist("device") if (one := parse_id(text)) is not None]
    records = list(devices_of(account).filter(device_id__in=wanted).order_by("name")[:MOST_LABELS])
    if not records:
        raise Problem("no-device", _("Choose at least one device."), status=422)
    made = [(record, code, _picture(claiming.address(code))) for record, code in claiming.labels(records, account)]
    response = render(request, "devices/labels.html", {"labels": made})
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def enter(request: HttpRequest) -> HttpResponse:
    """Type a code that cannot be scanned."""
    code = "".join(c for c in request.POST.get("code", "") if c.isalnum())[:40]
    if request.method == "POST" and code:
        return redirect("devices:claim", code=code)
    return render(request, "devices/claim.html", {"step": "enter"})


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def claim(request: HttpRequest, code: str) -> HttpResponse:
    """The device of a code: where it hangs and how it looks; then it is installed."""
    account = account_of(request)
    if request.method == "GET":
        found = claiming.find(code, account)
        if found is None:
            return render(request, "devices/claim.html", {"step": "wrong"}, status=404)
        form = ClaimForm(initial={"name": found.record.name})
        return render(request, "devices/claim.html", {"step": "form", "form": form, "record": found.record})
    form = ClaimForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "devices/claim.html", {"step": "form", "form": form}, status=422)
    given = form.cleaned_data
    place = claiming.Place(given["lon"], given["lat"], given["name"], given["photo"].read(MOST_BYTES + 1))
    try:
        record = claiming.claim(code, place, account)
    except Problem as problem:
        form.add_error(None, str(problem.detail or problem.title))
        return render(request, "devices/claim.html", {"step": "form", "form": form}, status=problem.status)
    if record is None:
        return render(request, "devices/claim.html", {"step": "wrong"}, status=404)
    return render(request, "devices/claim.html", {"step": "done", "record": record})


def _picture(text: str) -> str:
    """The QR code as SVG, made of nothing that came from outside but the address of this platform."""
    drawn = segno.make(text, error="m").svg_inline(scale=4, border=2, omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - the library draws paths only; the text is not part of the picture
