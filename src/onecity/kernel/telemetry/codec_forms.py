"""The form by which one field is added to a codec, for whoever would rather not write JSON."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.telemetry.codecs.declaration import BCD, ORDERS, WIDTHS


class FieldForm(forms.Form):
    """One field: its attribute, where it stands, and what is done with the number there."""

    attribute = forms.CharField(
        label=_("Attribute"), max_length=63, help_text=_("Small letters, digits and _, as in water_level.")
    )
    message = forms.IntegerField(
        label=_("Kind of message"), min_value=1, max_value=100, initial=1, help_text=_("Counted from 1.")
    )
    path = forms.CharField(
        label=_("Path in a document"),
        max_length=400,
        required=False,
        help_text=_("For JSON, CBOR and pairs, as in object.sensors[0].value."),
    )
    offset = forms.IntegerField(
        label=_("Byte"), min_value=-4096, max_value=4096, required=False, help_text=_("From 0; negative: from the end.")
    )
    type = forms.ChoiceField(
        label=_("Type"), choices=[(name, name) for name in (*WIDTHS, BCD)], required=False, initial="uint16"
    )
    order = forms.ChoiceField(label=_("Order of bytes"), choices=[(name, name) for name in ORDERS], required=False)
    lowest_bit = forms.IntegerField(
        label=_("Lowest bit"), min_value=0, max_value=63, required=False, help_text=_("Only for part of a number.")
    )
    bits = forms.IntegerField(label=_("How many bits"), min_value=1, max_value=64, required=False)
    scale = forms.FloatField(label=_("Times"), required=False, help_text=_("Value = number × this + what is added."))
    add = forms.FloatField(label=_("Plus"), required=False)
    unit = forms.CharField(label=_("Unit"), max_length=40, required=False, help_text=_("In UCUM, as Cel, mg/L, m3/h."))
    lookup = forms.CharField(
        label=_("Table of values"), max_length=2000, required=False, help_text=_("As in open=1, closed=0.")
    )

    def clean_lookup(self) -> dict[str, float]:
        """`open=1, closed=0` as a table."""
        found: dict[str, float] = {}
        for item in str(self.cleaned_data["lookup"]).replace("\n", ",").split(","):
            if not item.strip():
                continue
            name, _sign, number = item.rpartition("=")
            try:
                found[name.strip()] = float(number)
            except ValueError as error:
                raise forms.ValidationError(_("Write it like open=1, closed=0.")) from error
        return found

    def clean(self) -> dict[str, Any]:
        """A field stands somewhere, and bits are given whole."""
        found = super().clean() or self.cleaned_data
        if not found.get("path") and found.get("offset") is None:
            raise forms.ValidationError(_("Say at which byte the value begins, or where it stands in the document."))
        if (found.get("lowest_bit") is None) != (found.get("bits") is None):
            raise forms.ValidationError(_("Bits need both: the lowest, and how many."))
        return found

    def field(self) -> dict[str, Any]:
        """The field as a codec has it; members at their defaults are left out."""
        given = self.cleaned_data
        found: dict[str, Any] = {"attribute": given["attribute"]}
        if given["path"]:
            found["path"] = given["path"]
        else:
            found |= {"offset": given["offset"], "type": given["type"] or "uint8"}
            if given["order"] not in {"", "big"}:
                found["order"] = given["order"]
            if given["bits"] is not None:
                found["bits"] = [given["lowest_bit"], given["bits"]]
        if given["scale"] is not None and given["scale"] != 1:
            found["scale"] = given["scale"]
        if given["add"]:
            found["add"] = given["add"]
        if given["unit"]:
            found["unit"] = given["unit"]
        if given["lookup"]:
            found["lookup"] = given["lookup"]
        return found
