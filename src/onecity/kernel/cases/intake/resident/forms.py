"""What a resident is asked: as little as can be, most of it optional."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.intake.resident import kinds
from onecity.kernel.core.ids import new_id
from onecity.kernel.places import service as places
from onecity.kernel.places import snapshot
from onecity.kernel.places.logic.paths import ADMINISTRATIVE

MOST_PHOTOS = 4
PHONE = r"^[0-9+() -]{5,30}$"


class PhotosInput(forms.ClearableFileInput):
    """Several photos in one field."""

    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Up to MOST_PHOTOS files."""

    widget = PhotosInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """The files, each checked as one; an error where they are too many."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        if len(given) > MOST_PHOTOS:
            raise forms.ValidationError(_("Add at most %(most)s photos.") % {"most": MOST_PHOTOS})
        single = super().clean
        return [single(one, initial) for one in given if one]


class ReportForm(forms.Form):
    """Something that a resident saw: what, where, perhaps with photos, perhaps with a way to call back."""

    text = forms.CharField(
        label=_("What is the matter?"),
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("In your own words, for example: rubbish behind the bus stop for three days."),
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    photos = PhotosField(label=_("Photos"), required=False, help_text=_("JPEG, PNG or WebP, at most 10 MB each."))
    address = forms.CharField(
        label=_("Where?"),
        max_length=200,
        required=False,
        help_text=_("Road, house number, estate or what stands near."),
    )
    division = forms.ChoiceField(label=_("Town or street"), required=False)
    lon = forms.FloatField(label=_("Longitude"), required=False, min_value=-180, max_value=180)
    lat = forms.FloatField(label=_("Latitude"), required=False, min_value=-90, max_value=90)
    name = forms.CharField(label=_("Your name"), max_length=80, required=False)
    phone = forms.RegexField(
        PHONE, label=_("Telephone"), required=False, help_text=_("For questions and to tell you how it ended.")
    )
    hidden = forms.BooleanField(label=_("Those who handle it shall not see who I am"), required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        towns = [(p.path, p.name) for p in snapshot.take(ADMINISTRATIVE).places if p.depth == 2]
        self._offer("kind", [("", _("I am not sure")), *kinds.choices()])
        self._offer("division", [("", _("From the point on the map")), *(towns or self._whole())])
        self.fields["photos"].widget.attrs["accept"] = "image/jpeg,image/png,image/webp"
        self.fields["photos"].widget.attrs["data-photos"] = ""
        self.fields["phone"].widget.attrs |= {"autocomplete": "tel", "inputmode": "tel"}
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        for axis in ("lon", "lat"):
            self.fields[axis].widget.attrs["step"] = "any"

    @staticmethod
    def _whole() -> list[tuple[str, str]]:
        root = places.root()
        return [(root.path, root.name)] if root else []

    def _offer(self, name: str, offered: list[Any]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = offered

    def clean(self) -> dict[str, Any]:
        """The values, with the division that follows from the point."""
        values = super().clean() or {}
        lon, lat = values.get("lon"), values.get("lat")
        if (lon is None) != (lat is None) and not {"lon", "lat"} & set(self.errors):
            self.add_error("lat" if lat is None else "lon", _("Give longitude and latitude, or neither."))
        elif lon is not None and lat is not None:
            found = places.locate(lon, lat)[0]
            if not found:
                self.add_error("lon", _("This point is not in our district. Move it, or choose a town."))
            values["division"] = found or values.get("division")
        elif not values.get("division") and "division" not in self.errors:
            self.add_error("division", _("Say where it is: choose a town, or set a point on the map."))
        return values


class WordForm(forms.Form):
    """A word about a case; `unsolved`: it was closed and is not done."""

    text = forms.CharField(label=_("Add a word"), max_length=2000, widget=forms.Textarea({"rows": 3}))
    unsolved = forms.BooleanField(label=_("It is not solved"), required=False)


class RatingForm(forms.Form):
    """One to five stars and what there is to say."""

    stars = forms.TypedChoiceField(
        label=_("How was it done?"),
        coerce=int,
        choices=[(n, str(n)) for n in range(5, 0, -1)],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("Why?"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3}),
        help_text=_("One or two stars with a reason open a case that has to be answered."),
    )  # fmt: skip


class FindForm(forms.Form):
    """Number and code of a case."""

    number = forms.CharField(label=_("Number"), max_length=20)
    code = forms.CharField(label=_("Lookup code"), max_length=20)
