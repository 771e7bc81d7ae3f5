"""The filter above the desk's list of refused readings."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry.finding import Refused
from onecity.kernel.telemetry.models import Quarantine
from onecity.kernel.telemetry.models.quarantine import Reason
from onecity.kernel.telemetry.words import WAYS

ANY = ("", _("Any"))
FIRST_DAY = dt.date(1970, 1, 2)
LAST_DAY = dt.date(2200, 1, 1)


class FilterForm(forms.Form):
    """Which refused readings the list shows; a value that does not exist narrows nothing and says so."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[ANY, *Reason.choices], required=False)
    device = forms.ChoiceField(label=_("Sender"), required=False)
    way = forms.ChoiceField(label=_("Way"), choices=[ANY, *WAYS.items()], required=False)
    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    state = forms.ChoiceField(choices=Quarantine.State.choices, required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, devices: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        device = self.fields["device"]
        if isinstance(device, forms.ChoiceField):
            device.choices = [ANY, *devices]
        self.is_valid()

    def clean_day(self) -> dt.date | None:
        """A day that can be."""
        day: dt.date | None = self.cleaned_data["day"]
        if day is not None and not FIRST_DAY <= day < LAST_DAY:
            raise forms.ValidationError(_("There are no readings of that day."))
        return day

    def wanted(self) -> Refused:
        """The rows asked for; a day is one of the district."""
        values: dict[str, Any] = {n: v for n, v in self.cleaned_data.items() if n not in self.errors and v}
        day = values.get("day")
        since = dt.datetime.combine(day, dt.time(), timezone.get_default_timezone()) if day else None
        until = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), since.tzinfo) if day and since else None
        return Refused(
            state=values.get("state", Quarantine.State.HELD),
            reason=values.get("reason", ""),
            source=values.get("way", ""),
            device_id=parse_id(values.get("device", "")),
            since=since,
            until=until,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the state is set."""
        wanted = self.wanted()
        return wanted != Refused(state=wanted.state)
