"""What is asked on the pages of certificates."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.records.certificates import types
from onecity.kernel.records.certificates.logic import sdjwt
from onecity.kernel.records.certificates.verification.files import MOST_BYTES
from onecity.kernel.records.identifiers import LONGEST
from onecity.kernel.records.models import State


class NumberForm(forms.Form):
    """A number, typed or from a QR code."""

    number = forms.CharField(
        label=_("Certificate number"),
        max_length=LONGEST,
        help_text=_("It begins with 1.2.156.3005.2 and stands under the title of the certificate."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


class FileForm(forms.Form):
    """A PDF."""

    file = forms.FileField(
        label=_("PDF or OFD of the certificate"),
        help_text=_("At most 5 MB. It is looked at and not kept."),
        widget=forms.ClearableFileInput({"accept": "application/pdf,.ofd"}),
    )

    def clean_file(self) -> Any:
        """The file; an error where it is larger than any of ours."""
        found = self.cleaned_data["file"]
        if found.size > MOST_BYTES:
            raise forms.ValidationError(_("This file is larger than any certificate: at most 5 MB."))
        return found


class TokenForm(forms.Form):
    """Signed data, pasted."""

    token = forms.CharField(
        label=_("Signed data"),
        max_length=sdjwt.LONGEST,
        help_text=_("The text that a wallet or another program shows; it begins with “ey”."),
        widget=forms.Textarea({"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean_token(self) -> str:
        """The data without the line breaks that mail programs put in."""
        return "".join(str(self.cleaned_data["token"]).split())


class SearchForm(forms.Form):
    """What the desk looks for."""

    q = forms.CharField(label=_("Number, name or identity number"), max_length=LONGEST, required=False)
    type = forms.ChoiceField(label=_("Kind"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(code, words.in_(language)) for code, words in types.titles().items()]
        for name, choices in (("type", kinds), ("state", State.choices)):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", _("all")), *choices]


class ReasonForm(forms.Form):
    """Why something is done to a certificate."""

    reason = forms.CharField(
        label=_("Why?"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Stands in the history of the certificate."),
    )


class PurposeForm(forms.Form):
    """For what the identity number is needed."""

    purpose = forms.CharField(label=_("For what do you need the number?"), max_length=200)


class CopyForm(forms.Form):
    """A copy for one use."""

    purpose = forms.CharField(
        label=_("What is the copy for?"), max_length=200, help_text=_("For example: enrolling a child at school.")
    )
    used_by = forms.CharField(label=_("Who will use it?"), max_length=200)
    days = forms.TypedChoiceField(
        label=_("For how long?"),
        coerce=int,
        choices=[(1, _("1 day")), (7, _("7 days")), (30, _("30 days")), (90, _("90 days"))],
        initial=7,
    )
