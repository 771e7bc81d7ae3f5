"""Forms of the desk: the filter above a list, and a new case by hand."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import choices, permissions
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

SCOPES = (
    ("mine", _("My work")),
    ("unassigned", _("Nobody has taken")),
    ("office", _("My office")),
    ("all", _("All")),
)
RUNNING = (("open", _("Running")), ("ended", _("Ended")), ("", _("Both")))
ANY = ("", _("Any"))


class FilterForm(forms.Form):
    """What a list shows, read from the address; a value that does not exist narrows nothing and says so."""

    scope = forms.ChoiceField(choices=SCOPES, required=False)
    q = forms.CharField(label=_("Search"), max_length=100, required=False)
    running = forms.ChoiceField(label=_("Running or ended"), choices=RUNNING, required=False)
    state = forms.ChoiceField(label=_("State"), required=False)
    type = forms.ChoiceField(label=_("Kind"), required=False)
    severity = forms.ChoiceField(label=_("Severity"), required=False)
    place = forms.ChoiceField(label=_("Division"), required=False)
    overdue = forms.BooleanField(label=_("Overdue only"), required=False)

    def __init__(self, data: QueryDict, account: Account) -> None:
        values = data.copy()
        values.setdefault("running", "open")
        values.setdefault("scope", "mine")
        super().__init__(values)
        self._offer("state", choices.states())
        self._offer("type", choices.kinds())
        self._offer("severity", [("ordinary", choices.SEVERITIES[""]), *list(choices.SEVERITIES.items())[1:]])
        self._offer("place", choices.divisions(account, permissions.VIEW))

    def _offer(self, name: str, offered: Sequence[tuple[str, object]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [ANY, *offered]

    def wanted(self) -> Wanted:
        """The list asked for."""
        values: dict[str, Any] = self.cleaned_data if self.is_valid() else self._valid_ones()
        running = values.get("running", "open")
        severity = values.get("severity")
        return Wanted(
            scope=values.get("scope") or "mine",
            open=None if running == "" else running == "open",
            states=_tuple(values.get("state")),
            types=_tuple(values.get("type")),
            severities=("",) if severity == "ordinary" else _tuple(severity),
            place=values.get("place") or "",
            overdue=bool(values.get("overdue")),
            text=values.get("q") or "",
        )

    def _valid_ones(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name not in self.errors}

    @property
    def narrowed(self) -> bool:
        """Whether anything but the scope is set, so that an empty list says how to widen it."""
        wanted = self.wanted()
        return wanted != Wanted(scope=wanted.scope)


class NewCaseForm(forms.Form):
    """A case that somebody reports or sees: its kind, what it is, and where, by division or by a point."""

    type_name = forms.ChoiceField(label=_("Kind"))
    title = forms.CharField(
        label=_("What is it?"), max_length=200, help_text=_("One sentence that says what has to be done.")
    )
    description = forms.CharField(
        label=_("More about it"), max_length=4000, required=False, widget=forms.Textarea({"rows": 4})
    )
    division = forms.ChoiceField(
        label=_("Division"),
        required=False,
        help_text=_("Leave it empty when you give a point; the division follows from it."),
    )
    address = forms.CharField(label=_("Place in words"), max_length=200, required=False)
    lon = forms.FloatField(label=_("Longitude"), required=False, min_value=-180, max_value=180)
    lat = forms.FloatField(label=_("Latitude"), required=False, min_value=-90, max_value=90)
    severity = forms.ChoiceField(label=_("Severity"), required=False)
    photo = forms.FileField(label=_("Photo"), required=False, help_text=_("JPEG, PNG, WebP or PDF, at most 10 MB."))
    key = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._account = account
        for name, offered in (
            ("type_name", choices.kinds(manual_only=True)),
            ("division", [("", _("From the point")), *choices.divisions(account, permissions.OPEN)]),
            ("severity", list(choices.SEVERITIES.items())),
        ):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = offered
        self.fields["lon"].widget.attrs["step"] = self.fields["lat"].widget.attrs["step"] = "any"
        self.fields["photo"].widget.attrs["accept"] = "image/jpeg,image/png,image/webp,application/pdf"

    def clean(self) -> dict[str, Any]:
        """The values, with the division that follows from the point where none was chosen."""
        values = super().clean() or {}
        lon, lat = values.get("lon"), values.get("lat")
        if (lon is None) != (lat is None) and not {"lon", "lat"} & set(self.errors):
            self.add_error("lat" if lat is None else "lon", _("Give longitude and latitude, or neither."))
        elif lon is not None and lat is not None and not values.get("division"):
            values["division"] = self._division_of(lon, lat)
        elif not values.get("division") and "division" not in self.errors:
            self.add_error("division", _("Choose a division, or give a point."))
        return values

    def _division_of(self, lon: float, lat: float) -> str:
        path = places.locate(lon, lat)[0]
        if not path:
            self.add_error("lon", _("This point lies in none of the divisions. Check it, or choose a division."))
        return path


def _tuple(value: object) -> tuple[str, ...]:
    return (str(value),) if value else ()
