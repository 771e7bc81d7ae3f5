"""How the sign-in library meets our accounts: what a new one is given, and where one lands after signing in."""

from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.people import service
from onecity.kernel.people.models import Account


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # the sign-in library ships no types
    """Fills the columns that are ours."""

    def save_user(self, request: HttpRequest, user: Account, form: Any, commit: bool = True) -> Account:
        """A resident has signed up."""
        user.display_name = form.cleaned_data.get("display_name") or form.cleaned_data.get("username", "")
        user.language = get_language() or user.language
        saved: Account = super().save_user(request, user, form, commit)
        return saved

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff to the desk, residents to their page."""
        account = request.user
        is_staff = isinstance(account, Account) and (
            account.is_superuser or service.current_assignments(account).exists()
        )
        return str(super().get_login_redirect_url(request)) if is_staff else "/"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, or say plainly that no message went out, so that nothing is half done."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            raise Problem(
                "mail-unavailable",
                _("The message could not be sent."),
                status=503,
                detail=_("The mail server does not answer. Nothing was changed; try again later."),
            ) from error
