"""What an operator writes down during a call, in the order in which callers say it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import choices, permissions
from onecity.kernel.cases.intake.resident.forms import PHONE
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places


class CallForm(forms.Form):
    """One call. `phone` is asked first, since the caller's history helps with all the rest."""

    phone = forms.RegexField(PHONE, label=_("Telephone of the caller"), required=False)
    name = forms.CharField(label=_("Name of the caller"), max_length=80, required=False)
    text = forms.CharField(
        label=_("What is the matter?"), max_length=2000, widget=forms.Textarea({"rows": 4}),
        help_text=_("The first line becomes the title."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Kind"))
    address = forms.CharField(label=_("Where?"), max_length=200, required=False)
    division = forms.ChoiceField(label=_("Division"), required=False)
    lon = forms.FloatField(label=_("Longitude"), required=False, min_value=-180, max_value=180)
    lat = forms.FloatField(label=_("Latitude"), required=False, min_value=-90, max_value=90)
    severity = forms.ChoiceField(label=_("Severity"), required=False)
    hidden = forms.BooleanField(label=_("The caller wants to stay unnamed"), required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, offered in (
            ("kind", [("", _("Choose a kind")), *choices.kinds(manual_only=True)]),
            ("division", [("", _("From the point")), *choices.divisions(account, permissions.OPEN)]),
            ("severity", list(choices.SEVERITIES.items())),
        ):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = offered
        for axis in ("lon", "lat"):
            self.fields[axis].widget.attrs["step"] = "any"
        self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off", "autofocus": True}
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean(self) -> dict[str, Any]:
        """The values, with the division that follows from the point where none was chosen."""
        values = super().clean() or {}
        lon, lat = values.get("lon"), values.get("lat")
        if (lon is None) != (lat is None) and not {"lon", "lat"} & set(self.errors):
            self.add_error("lat" if lat is None else "lon", _("Give longitude and latitude, or neither."))
        elif lon is not None and lat is not None and not values.get("division"):
            values["division"] = places.locate(lon, lat)[0]
            if not values["division"]:
                self.add_error("lon", _("This point lies in none of the divisions. Check it, or choose a division."))
        elif not values.get("division") and "division" not in self.errors:
            self.add_error("division", _("Choose a division, or give a point."))
        return values


class PurposeForm(forms.Form):
    """Why somebody needs to know who reported a case."""

    purpose = forms.CharField(
        label=_("For what do you need to know it?"), max_length=200,
        help_text=_("One sentence, for example: to ask him where the rubbish lies. It is logged under your name."),
    )  # fmt: skip
