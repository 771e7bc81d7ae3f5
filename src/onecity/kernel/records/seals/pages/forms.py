"""Forms of the pages of seals."""

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.people.models import Account, Organisation
from onecity.kernel.places import snapshot
from onecity.kernel.records.models import Seal, SubjectKind
from onecity.kernel.records.seals import drawing, permissions
from onecity.kernel.records.seals.custody import Leave, NewSeal
from onecity.kernel.records.seals.pages import people

DATE = {"type": "date"}
LARGEST_FILE = 32 * 1024 * 1024


class SealForm(forms.Form):
    """A seal to make."""

    name = forms.CharField(label=_("Name on the seal"), max_length=drawing.LONGEST_NAME)
    number = forms.CharField(
        label=_("Number of the seal"), max_length=40, help_text=_("As it is registered: letters, digits, hyphens.")
    )
    division = forms.ChoiceField(label=_("Division"))
    organisation = forms.ChoiceField(label=_("Organisation"), required=False)
    valid_until = forms.DateField(label=_("Valid until"), widget=forms.DateInput(DATE, format="%Y-%m-%d"))
    demonstration = forms.BooleanField(
        label=_("Only for demonstration: the picture says so"), required=False, initial=True
    )

    def __init__(self, actor: Account, data: Any = None) -> None:
        super().__init__(data)
        divisions = policy.visible(snapshot.alive(snapshot.today()), actor, permissions.MANAGE, "path")
        _offer(self, "division", [(one.path, one.name) for one in divisions.filter(tree="adm").order_by("path")])
        offices = policy.visible(Organisation.objects.filter(is_active=True), actor, permissions.MANAGE)
        _offer(self, "organisation", [("", "–"), *((str(one.id), one.name) for one in offices.order_by("name")[:500])])

    def wanted(self) -> NewSeal:
        """What was filled in, once it is valid."""
        found = self.cleaned_data
        return NewSeal(
            number=found["number"].strip(),
            name=found["name"].strip(),
            division_path=found["division"],
            valid_until=end_of(found["valid_until"]),
            organisation_id=UUID(found["organisation"]) if found["organisation"] else None,
            demonstration=found["demonstration"],
        )


class LeaveForm(forms.Form):
    """Leave to use a seal."""

    account = forms.ChoiceField(label=_("Person with leave"), required=False)
    subject_kind = forms.ChoiceField(label=_("For what"), choices=SubjectKind.choices)
    subject_code = forms.CharField(
        label=_("Kind"), max_length=120, help_text=_("The code of the kind of certificate or of case.")
    )
    valid_until = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(DATE, format="%Y-%m-%d"))
    needs_approval = forms.BooleanField(label=_("A second person has to agree each time"), required=False)

    def __init__(self, seal: Seal, data: Any = None) -> None:
        super().__init__(data)
        offered = people.users(seal.division_path)
        _offer(self, "account", [("", _("The platform itself, when a rule decided")), *offered])

    def clean(self) -> dict[str, Any]:
        """The platform asks nobody: it could not wait for an answer."""
        found = super().clean() or {}
        if not found.get("account") and found.get("needs_approval"):
            self.add_error("needs_approval", _("The platform cannot ask a second person: choose somebody."))
        return found

    def leave(self) -> Leave:
        """What was filled in, once it is valid."""
        found = self.cleaned_data
        return Leave(
            account_id=UUID(found["account"]) if found["account"] else None,
            subject_kind=found["subject_kind"],
            subject_code=found["subject_code"].strip(),
            needs_approval=found["needs_approval"],
            valid_until=end_of(found["valid_until"]) if found["valid_until"] else None,
        )


class UseForm(forms.Form):
    """A document to stamp, for one of the things one has leave for."""

    document = forms.FileField(label=_("Document"), help_text=_("OFD or PDF, at most 32 MB."))
    grant = forms.ChoiceField(label=_("For what"))
    purpose = forms.CharField(label=_("Purpose"), max_length=200)

    def __init__(self, grants: list[tuple[str, str]], data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        _offer(self, "grant", grants)

    def clean_document(self) -> Any:
        """Not larger than what is stamped."""
        document = self.cleaned_data["document"]
        if document.size > LARGEST_FILE:
            raise forms.ValidationError(_("The file is larger than 32 MB."))
        return document


def end_of(day: dt.date) -> dt.datetime:
    """The end of a day in the district."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), timezone.get_default_timezone())


def _offer(form: forms.Form, name: str, offered: list[tuple[str, Any]]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = offered
