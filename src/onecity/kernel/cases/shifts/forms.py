"""Forms of the roster and of the hand-over of a shift."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import choices, directory, permissions, skills
from onecity.kernel.cases.shifts.roster import MOST_DAYS, NewDuty
from onecity.kernel.people.models import Account

WHEN = {"type": "datetime-local"}


class DutyForm(forms.Form):
    """A turn of duty to enter."""

    account = forms.ChoiceField(label=_("Person on duty"))
    division = forms.ChoiceField(label=_("On duty for"))
    start = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput(WHEN, format="%Y-%m-%dT%H:%M"))
    end = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput(WHEN, format="%Y-%m-%dT%H:%M"))
    days = forms.IntegerField(label=_("On how many days in a row"), min_value=1, max_value=MOST_DAYS, initial=1)
    skills = forms.MultipleChoiceField(label=_("Skills"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, actor: Account, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        people = [(str(one), name) for one, name in directory.reachable(policy.scopes(actor, permissions.DISPATCH))]
        offer(self, "account", people)
        offer(self, "division", choices.divisions(actor, permissions.DISPATCH))
        offer(self, "skills", skills.choices())

    def turn(self) -> NewDuty:
        """What was filled in, once it is valid."""
        found = self.cleaned_data
        return NewDuty(
            UUID(found["account"]), found["division"], found["skills"], found["start"], found["end"], found["days"]
        )


class HandOverForm(forms.Form):
    """From whom, to whom, and why."""

    giver = forms.ChoiceField(label=_("Who leaves"))
    taker = forms.ChoiceField(label=_("Who takes over"))
    note = forms.CharField(label=_("Note"), max_length=2000, widget=forms.Textarea({"rows": 4}))

    def __init__(
        self, givers: Sequence[tuple[UUID, str]], takers: Sequence[tuple[UUID, str]], data: Any = None
    ) -> None:
        super().__init__(data)
        offer(self, "giver", [(str(one), name) for one, name in givers])
        offer(self, "taker", [(str(one), name) for one, name in takers])


def offer(form: forms.Form, name: str, offered: Sequence[tuple[str, object]]) -> None:
    """Set what a field of choices offers."""
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = list(offered)
