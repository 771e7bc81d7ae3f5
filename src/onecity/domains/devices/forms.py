"""Forms of device management."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.groups import CONDITIONS
from onecity.domains.devices.models import (
    DeviceGroup,
    DeviceModel,
    DeviceRecord,
    Protocol,
    RecordStatus,
    Release,
    ReleaseKind,
)
from onecity.domains.devices.models.coverage import today
from onecity.domains.devices.releases import MOST_BYTES
from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.people.models import Organisation
from onecity.kernel.places import service as places
from onecity.kernel.twin.models import Entity

ANY = ("", _("Any"))


def divisions(account: Principal, permission: str) -> list[tuple[str, str]]:
    """The divisions in which an account holds a right, with their full names."""
    root = places.root()
    if root is None:
        return []
    found = policy.scopes(account, permission)
    paths = [d.path for d in [root, *places.descendants(root.path)] if any(d.path.startswith(scope) for scope in found)]
    titles = places.titles_for(set(paths), full=True)
    return [(path, titles[path]) for path in paths]


class PlacedForm(forms.Form):
    """A form with the division that a thing belongs to, of those where the account may."""

    division_path = forms.ChoiceField(label=_("Division"))

    def __init__(self, *args: Any, account: Principal, permission: str, **named: Any) -> None:
        super().__init__(*args, **named)
        self._offer("division_path", divisions(account, permission))

    def _offer(self, name: str, offered: Sequence[tuple[str, object]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(offered)


class DeviceForm(PlacedForm):
    """A new device."""

    name = forms.CharField(label=_("Name"), max_length=200)
    model = forms.ModelChoiceField(label=_("Device model"), queryset=DeviceModel.objects.all(), required=False)
    serial = forms.CharField(label=_("Serial number"), max_length=80, required=False)
    dev_eui = forms.RegexField(
        r"^[0-9a-fA-F]{16}\Z", label=_("DevEUI"), required=False, help_text=_("For LoRaWAN: 16 hexadecimal digits.")
    )
    entity = forms.CharField(
        label=_("Measures at"), required=False, help_text=_("The key of a device or place that it reports for.")
    )
    organisation = forms.ModelChoiceField(
        label=_("Owner"), queryset=Organisation.objects.filter(is_active=True), required=False
    )
    purchase_cost = forms.DecimalField(
        label=_("Price (yuan)"), min_value=0, decimal_places=2, max_digits=12, required=False
    )
    note = forms.CharField(label=_("Remark"), max_length=500, required=False)

    def clean_entity(self) -> Entity | None:
        """The entity of that key or URN."""
        text = self.cleaned_data["entity"].strip()
        if not text:
            return None
        found = Entity.objects.filter(urn=text).first() or Entity.objects.filter(key=text).first()
        if found is None:
            raise forms.ValidationError(_("There is no such place to measure at"))
        return found


class RecordForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms are not generic at run time
    """What may be changed of a device by hand."""

    organisation = forms.ModelChoiceField(label=_("Owner"), queryset=Organisation.objects.all(), required=False)

    class Meta:
        model = DeviceRecord
        fields: ClassVar[list[str]] = [
            *("model", "serial", "status", "installed_at", "retired_at", "calibrated_at", "lon", "lat"),
            *("purchase_cost", "running_cost", "note"),
        ]

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["organisation"].initial = self.instance.organisation_id

    def save(self, commit: bool = True) -> DeviceRecord:
        """Keep the record with its owner."""
        owner = self.cleaned_data["organisation"]
        self.instance.organisation_id = owner.id if owner else None
        saved: DeviceRecord = super().save(commit)
        return saved


class ModelForm(forms.ModelForm):  # type: ignore[type-arg]  # as above
    """A device model."""

    minutes = forms.FloatField(label=_("Reports every (minutes)"), min_value=0.1, initial=10)
    division_path = forms.ChoiceField(label=_("Division"))

    class Meta:
        model = DeviceModel
        fields: ClassVar[list[str]] = [
            *("title", "name", "maker", "protocol", "codec", "entity_type", "battery_attribute", "battery_minimum"),
            *("unit_cost", "yearly_cost", "calibration_days", "lifetime_years"),
        ]

    def __init__(self, *args: Any, account: Principal, permission: str, **named: Any) -> None:
        super().__init__(*args, **named)
        field = self.fields["division_path"]
        if isinstance(field, forms.ChoiceField):
            field.choices = divisions(account, permission)
        if self.instance.created_at and not self.instance._state.adding:
            self.initial["minutes"] = self.instance.expected_interval.total_seconds() / 60
            self.initial["division_path"] = self.instance.division_path

    def save(self, commit: bool = True) -> DeviceModel:
        """Keep the model with its interval and its division."""
        self.instance.expected_interval = dt.timedelta(minutes=self.cleaned_data["minutes"])
        self.instance.division_path = self.cleaned_data["division_path"]
        saved: DeviceModel = super().save(commit)
        return saved


class GroupForm(PlacedForm):
    """A group by condition, or by hand where no condition is given."""

    name = forms.CharField(label=_("Name"), max_length=120)
    purpose = forms.CharField(label=_("What for"), max_length=300, required=False)
    model = forms.ChoiceField(label=_("Device model"), required=False)
    protocol = forms.ChoiceField(label=_("Way"), choices=[ANY, *Protocol.choices], required=False)
    status = forms.ChoiceField(label=_("Status"), choices=[ANY, *RecordStatus.choices], required=False)
    firmware = forms.CharField(label=_("Firmware"), max_length=40, required=False)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._offer("model", [ANY, *DeviceModel.objects.values_list("name", "title")])

    def fill(self, group: DeviceGroup) -> DeviceGroup:
        """The group as the form says."""
        values = self.cleaned_data
        group.name, group.purpose, group.division_path = values["name"], values["purpose"], values["division_path"]
        group.condition = {word: values[word] for word in CONDITIONS if word != "name" and values.get(word)}
        return group


class ReleaseForm(PlacedForm):
    """A new version with its file."""

    model = forms.ModelChoiceField(label=_("Device model"), queryset=DeviceModel.objects.all())
    kind = forms.ChoiceField(label=_("Kind"), choices=ReleaseKind.choices)
    version = forms.CharField(label=_("Version"), max_length=40)
    notes = forms.CharField(label=_("What is new"), max_length=500, required=False)
    file = forms.FileField(label=_("File"), help_text=_("At most 32 MB."))

    def clean_file(self) -> Any:
        """A file of a size that devices take."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 32 MB."))
        return file


class RolloutForm(PlacedForm):
    """How a release is to reach its devices."""

    release = forms.ModelChoiceField(label=_("Release"), queryset=Release.objects.select_related("model"))
    group = forms.ModelChoiceField(
        label=_("Devices"), queryset=DeviceGroup.objects.all(), required=False, empty_label=_("All of the model")
    )
    canary = forms.ModelChoiceField(
        label=_("First to try it"), queryset=DeviceGroup.objects.all(), required=False, empty_label=_("No group")
    )
    percents = forms.CharField(
        label=_("Then, in per cent of all"), initial="10, 50, 100", help_text=_("Rising, the last is 100.")
    )
    needed = forms.IntegerField(label=_("Goes on when so many confirmed (%)"), min_value=1, max_value=100, initial=90)
    failures = forms.IntegerField(label=_("Stops when more failed than (%)"), min_value=0, max_value=100, initial=10)
    hours = forms.IntegerField(label=_("Hours that a device has"), min_value=1, max_value=720, initial=24)

    def clean_percents(self) -> list[int]:
        """Whole numbers that rise to 100."""
        try:
            found = [int(part) for part in self.cleaned_data["percents"].replace("，", ",").split(",")]
        except ValueError:
            found = []
        if not found or found != sorted(set(found)) or found[0] < 1 or found[-1] != 100:
            raise forms.ValidationError(_("Give rising whole numbers, the last 100, such as “10, 50, 100”."))
        return found


class TargetForm(PlacedForm):
    """How many nodes the villages of a division should have, and from when on."""

    entity_type = forms.ChoiceField(label=_("Measures as"), required=False)
    nodes = forms.IntegerField(label=_("Nodes a village"), min_value=0, max_value=10_000)
    valid_from = forms.DateField(
        label=_("In force from"), initial=today, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, kinds: Sequence[tuple[str, object]], **named: Any) -> None:
        super().__init__(*args, **named)
        self._offer("entity_type", [ANY, *kinds])


class ClaimForm(forms.Form):
    """What the phone says of a device."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    lon = forms.FloatField(label=_("Longitude"), min_value=-180, max_value=180)
    lat = forms.FloatField(label=_("Latitude"), min_value=-90, max_value=90)
    photo = forms.FileField(
        label=_("Photo of the installation"),
        widget=forms.ClearableFileInput(attrs={"accept": "image/*", "capture": "environment"}),
    )


class CommandForm(forms.Form):
    """A command by hand."""

    name = forms.CharField(label=_("Command"), max_length=100)
    payload = forms.JSONField(
        label=_("With (JSON)"), required=False, initial=dict, widget=forms.Textarea(attrs={"rows": 3})
    )
    hours = forms.IntegerField(label=_("Valid for (hours)"), min_value=1, max_value=720, initial=24)
    key = forms.CharField(widget=forms.HiddenInput, max_length=60, required=False)

    def clean_payload(self) -> dict[str, Any]:
        """An object."""
        value = self.cleaned_data["payload"] or {}
        if not isinstance(value, dict):
            raise forms.ValidationError(_("It must be a JSON object, such as {“on”: true}."))
        return value
