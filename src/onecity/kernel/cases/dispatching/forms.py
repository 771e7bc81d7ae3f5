"""The form of a unit: who it is, what it can do, where it waits, and when."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import calendars, choices, directory, permissions, skills
from onecity.kernel.cases.models import Unit
from onecity.kernel.people.models import Account


class UnitForm(forms.Form):
    """Checked against what the editor may dispatch: no division and no account beyond it."""

    name = forms.CharField(label=_("Name or call sign"), max_length=80)
    account = forms.ChoiceField(label=_("Account of its phone"), help_text=_("Cases are given to this account."))
    division = forms.ChoiceField(label=_("Division"))
    skills = forms.MultipleChoiceField(label=_("Skills"), required=False, widget=forms.CheckboxSelectMultiple)
    station_lon = forms.FloatField(label=_("Waits at: longitude"), required=False, min_value=-180, max_value=180)
    station_lat = forms.FloatField(label=_("Waits at: latitude"), required=False, min_value=-90, max_value=90)
    shift_start = forms.DateTimeField(label=_("On shift from"), required=False)
    shift_end = forms.DateTimeField(label=_("On shift until"), required=False)

    def __init__(self, actor: Account, data: Any = None, unit: Unit | None = None) -> None:
        super().__init__(data, initial=_values(unit) if unit else None)
        self._unit = unit
        people = [(str(one), name) for one, name in directory.reachable(policy.scopes(actor, permissions.DISPATCH))]
        for name, offered in (
            ("account", people),
            ("division", choices.divisions(actor, permissions.DISPATCH)),
            ("skills", skills.choices()),
        ):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = list(offered)
        for name in ("shift_start", "shift_end"):
            self.fields[name].widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def clean(self) -> dict[str, Any]:
        """What only holds between fields, and that no other unit has the same phone."""
        found: dict[str, Any] = self.cleaned_data
        if (found.get("station_lon") is None) != (found.get("station_lat") is None):
            self.add_error("station_lat", _("Give both longitude and latitude, or neither."))
        start, end = found.get("shift_start"), found.get("shift_end")
        if start and end and end <= start:
            self.add_error("shift_end", _("The shift has to end after it begins."))
        other = Unit.objects.filter(account_id=found["account"]).first() if found.get("account") else None
        if other is not None and (self._unit is None or other.id != self._unit.id):
            self.add_error("account", _("Another unit reports with this account: %(unit)s.") % {"unit": other.name})
        return found

    def save(self) -> Unit:
        """Write the unit as it was filled in."""
        unit = self._unit or Unit()
        found = self.cleaned_data
        unit.name, unit.account_id, unit.division_path = found["name"], found["account"], found["division"]
        unit.organisation_id = Account.objects.values_list("organisation_id", flat=True).get(id=found["account"])
        for name in ("skills", "station_lon", "station_lat", "shift_start", "shift_end"):
            setattr(unit, name, found[name])
        unit.save()
        return unit


def _values(unit: Unit) -> dict[str, Any]:
    zone = calendars.office().zone
    return {
        "name": unit.name,
        "account": str(unit.account_id),
        "division": unit.division_path,
        "skills": unit.skills,
        "station_lon": unit.station_lon,
        "station_lat": unit.station_lat,
        "shift_start": unit.shift_start.astimezone(zone) if unit.shift_start else None,
        "shift_end": unit.shift_end.astimezone(zone) if unit.shift_end else None,
    }
