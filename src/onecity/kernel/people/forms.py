"""Forms of one's own account: signing up with a name, and what others see."""

from typing import Any

from allauth.account.forms import LoginForm, SignupForm
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from onecity.kernel.people import demo
from onecity.kernel.people.models import Account

# a language is named in itself, so that who cannot read this page finds the way out of it
LANGUAGES = (("zh-hans", "中文"), ("en", "English"))


class PlainLoginForm(LoginForm):  # type: ignore[misc] # the sign-in library ships no types
    """Signing in, with fields named for what one types into them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name, phone number or e-mail address")
        self.fields["login"].widget.attrs.pop("placeholder", None)
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["remember"].label = _("Stay signed in on this device")

    def demonstration(self) -> list[demo.DemoAccount]:
        """The public accounts that this page may name: those of a demonstration, none in production."""
        return demo.present() if settings.ONECITY_DEMO else []


class ResidentSignupForm(SignupForm):  # type: ignore[misc] # the sign-in library ships no types
    """Signing up: user name, the name shown to others, a password; an e-mail address if one wants it."""

    display_name = forms.CharField(
        label=_("Name shown to others"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    field_order = ("username", "display_name", "email", "password1", "password2")


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg] # Django's class takes no argument when it runs
    """What one may change about oneself; everything else is confirmed by somebody."""

    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)

    class Meta:
        model = Account
        fields = ("display_name", "language")
