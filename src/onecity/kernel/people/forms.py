"""Forms of one's own account: signing up with a name, and what others see."""

from allauth.account.forms import SignupForm
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from onecity.kernel.people.models import Account


class ResidentSignupForm(SignupForm):  # type: ignore[misc] # the sign-in library ships no types
    """Signing up: user name, the name shown to others, a password; an e-mail address if one wants it."""

    display_name = forms.CharField(
        label=_("Name shown to others"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    field_order = ("username", "display_name", "email", "password1", "password2")


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg] # Django's class takes no argument when it runs
    """What one may change about oneself; everything else is confirmed by somebody."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = Account
        fields = ("display_name", "language")
