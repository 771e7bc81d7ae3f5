"""Forms of the reading room."""

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.records.archive.logic.retention import PERIODS
from onecity.kernel.records.models import Soundness

PERIOD_TITLES = {"Y": _("For ever"), "D30": _("30 years"), "D10": _("10 years")}


class SearchForm(forms.Form):
    """What is looked for in the archive."""

    q = forms.CharField(label=_("Words or number"), max_length=100, required=False)
    year = forms.IntegerField(label=_("Year of closing"), min_value=1949, max_value=2200, required=False)
    retention = forms.ChoiceField(
        label=_("Kept"), required=False, choices=[("", "–"), *((code, PERIOD_TITLES[code]) for code in PERIODS)]
    )
    soundness = forms.ChoiceField(label=_("Soundness"), required=False, choices=[("", "–"), *Soundness.choices])


class ReasonForm(forms.Form):
    """Why, or what for; read by whoever looks at the history."""

    reason = forms.CharField(label=_("What for, or why"), max_length=300)
