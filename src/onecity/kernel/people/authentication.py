"""Checks a password: by user name, by e-mail address, or by a phone number that has been confirmed."""

import re

from allauth.account.auth_backends import AuthenticationBackend

from onecity.kernel.people.models import Account

PHONE = re.compile(r"\+?[\d\s\-()]{7,20}\Z")
MAINLAND = re.compile(r"1\d{10}\Z")


class AccountBackend(AuthenticationBackend):  # type: ignore[misc] # the sign-in library ships no types
    """The sign-in library's check, with a confirmed phone number accepted in place of the user name."""

    def _authenticate_by_username(self, username: str, password: str) -> Account | None:
        found: Account | None = super()._authenticate_by_username(username, password)
        if found is None and PHONE.match(username):
            found = self._check_password(account_by_phone(username), password)
        return found


def account_by_phone(text: str) -> Account | None:
    """The account that confirmed this phone number; a mainland mobile number needs no country code."""
    number = normalise_phone(text)
    return Account.objects.filter(phone=number, phone_verified_at__isnull=False).first() if number else None


def normalise_phone(text: str) -> str:
    """The number as it is stored (E.164); empty where there is none."""
    digits = re.sub(r"[\s\-()]", "", text)
    return f"+86{digits}" if MAINLAND.match(digits) else digits
