"""What everybody may ask: is the seal on this file genuine? Ten steps, each with its reason; the file is not kept."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from onecity.kernel.access import policy, throttle
from onecity.kernel.access.throttle import Limit
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import public
from onecity.kernel.people.models import Account
from onecity.kernel.records.seals import service
from onecity.kernel.records.seals.report import Report

CHECKS: Final = Limit("verify-seal", 60, dt.timedelta(minutes=10))
OF_STAFF: Final = 10
MOST_BYTES: Final = 16 * 1024 * 1024
TONES: Final = {
    "valid": ("good", "badge-check"),
    "incomplete": ("warn", "triangle-alert"),
    "invalid": ("bad", "circle-x"),
}
STEP_ICONS: Final = {"ok": "check", "failed": "x", "not_checked": "minus"}


class CheckForm(forms.Form):
    """A file with a seal."""

    file = forms.FileField(
        label=_("OFD or PDF with a seal"),
        help_text=_("At most 16 MB. It is looked at and not kept."),
        widget=forms.ClearableFileInput({"accept": ".ofd,application/ofd,application/pdf"}),
    )

    def clean_file(self) -> Any:
        """The file; an error where it is larger than what is looked at."""
        found = self.cleaned_data["file"]
        if found.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 16 MB."))
        return found


@public
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """The ten steps for a file that somebody sends."""
    form = CheckForm(request.POST, request.FILES) if request.method == "POST" else CheckForm()
    context: dict[str, Any] = {"form": form}
    status = 200
    if form.is_bound and form.is_valid():
        try:
            context |= shown(asked(request, form.cleaned_data["file"].read()))
        except Problem as problem:  # answered, not raised: the attempt stays counted
            context["refused"], status = problem, problem.status
    elif form.is_bound:
        status = 422
    response = render(request, "records/seals/check.html", context, status=status)
    response["Cache-Control"] = "no-store"  # a report is of this moment
    return response


def asked(request: HttpRequest, data: bytes) -> Report:
    """Verify; raises Problem 429 for too many files from one address."""
    known = isinstance(request.user, Account)
    times = OF_STAFF if known and policy.held(request.user) else 1
    who = str(request.user.pk) if known else throttle.address_of(request)
    throttle.take(Limit(CHECKS.name, CHECKS.most * times, CHECKS.period), who, 1)
    return service.verify(data)


def shown(report: Report) -> dict[str, Any]:
    """What the page says of a report."""
    tone, icon = TONES[report.verdict]
    return {
        "report": report,
        "tone": tone,
        "icon": icon,
        "stamps": [
            (stamp, [(step, STEP_ICONS[step.state]) for step in stamp.steps], TONES[stamp.verdict][0])
            for stamp in report.stamps
        ],
    }
