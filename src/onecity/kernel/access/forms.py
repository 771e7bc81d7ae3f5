"""Forms of the administration: a new account, a role for it, and the search of the audit trail."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import permissions, policy
from onecity.kernel.core.moments import day_after
from onecity.kernel.people.mandates import Space
from onecity.kernel.people.models import Account, Organisation, Role
from onecity.kernel.people.roles import title_of

DATE = {"type": "date"}
EVERYWHERE = "*"


class AccountForm(forms.Form):
    """A new account for a member of staff; the organisations are those where the actor may create one."""

    username = forms.CharField(label=_("User name"), max_length=64)
    display_name = forms.CharField(label=_("Name shown to others"), max_length=120)
    email = forms.EmailField(label=_("E-mail address"), required=False)
    phone = forms.CharField(
        label=_("Phone number"), max_length=16, required=False, help_text=_("With country code, like +8613800000000.")
    )
    password = forms.CharField(
        label=_("First password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters. Hand it over in person."),
    )
    field_order = ("username", "display_name", "organisation", "email", "phone", "password")

    def __init__(self, *args: Any, actor: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organisations = policy.visible(Organisation.objects.filter(is_active=True), actor, permissions.PEOPLE_MANAGE)
        self.fields["organisation"] = forms.ModelChoiceField(organisations, label=_("Organisation"))
        self.order_fields(self.field_order)


class RoleChoice(forms.ModelChoiceField):  # type: ignore[type-arg] # Django's class takes no argument when it runs
    """Roles by their title in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        """The title."""
        return title_of(obj)


class AssignmentForm(forms.Form):
    """A role in a division, with the reason for the audit trail; `divisions` are pairs of path and indented name."""

    role = RoleChoice(Role.objects.all(), label=_("Role"))
    until = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs=DATE),
        help_text=_("Empty: until somebody ends it."),
    )
    purpose = forms.CharField(label=_("Reason"), max_length=300)
    field_order = ("role", "division", "until", "purpose")

    def __init__(self, *args: Any, divisions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(path or EVERYWHERE, name) for path, name in divisions]
        self.fields["division"] = forms.ChoiceField(label=_("Division"), choices=[("", "–"), *named])
        self.order_fields(self.field_order)

    def division_path(self) -> str:
        """The chosen path; everywhere has to be chosen, nothing chosen is an error."""
        chosen: str = self.cleaned_data["division"]
        return "" if chosen == EVERYWHERE else chosen

    def clean_until(self) -> dt.date | None:
        """A last day that has not passed."""
        until: dt.date | None = self.cleaned_data["until"]
        if until is not None and until < timezone.localdate():
            raise forms.ValidationError(_("This day has passed."))
        return until

    def valid_to(self) -> dt.datetime | None:
        """The end of the last day, where the district is."""
        until: dt.date | None = self.cleaned_data["until"]
        if until is None:
            return None
        midnight = dt.datetime.combine(day_after(until), dt.time())
        return timezone.make_aware(midnight)


class AuditSearchForm(forms.Form):
    """What to look for in the trail; everything optional."""

    action = forms.CharField(label=_("Action"), required=False, max_length=100)
    actor = forms.CharField(label=_("User name"), required=False, max_length=64)
    object_id = forms.CharField(label=_("Number of the object"), required=False, max_length=100)
    since = forms.DateField(label=_("First day"), required=False, widget=forms.DateInput(attrs=DATE))
    until = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(attrs=DATE))


class ConfirmForm(forms.Form):
    """Who I am before the law; compared with the register, kept sealed."""

    name = forms.CharField(
        label=_("Name on the identity card"), max_length=200, widget=forms.TextInput({"autocomplete": "name"})
    )
    number = forms.CharField(
        label=_("Identity number"),
        max_length=24,
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "text"}),
        help_text=_("18 characters. It is compared with the register and kept sealed; others see its ends only."),
    )


class MandateForm(forms.Form):
    """Somebody to act for me or for a party that I speak for."""

    party = forms.ChoiceField(label=_("For whom"))
    username = forms.CharField(label=_("User name of the agent"), max_length=64)
    services = forms.CharField(
        label=_("Services"),
        required=False,
        max_length=500,
        help_text=_("Codes of services, separated by commas. Empty: all services."),
    )
    until = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs=DATE))

    def __init__(self, *args: Any, spaces: list[Space], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["party"] = forms.ChoiceField(
            label=_("For whom"), choices=[(str(space.identity.id), space.identity.name) for space in spaces]
        )
        self.order_fields(("party", "username", "services", "until"))

    def clean_services(self) -> list[str]:
        """The codes, each once."""
        return sorted({part.strip() for part in self.cleaned_data["services"].replace("，", ",").split(",")} - {""})

    def clean_until(self) -> dt.datetime:
        """The end of the last day, where the district is."""
        return timezone.make_aware(dt.datetime.combine(day_after(self.cleaned_data["until"]), dt.time()))
