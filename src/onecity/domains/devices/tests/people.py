"""Accounts for tests: whoever keeps the devices of a division, and whoever only looks at them."""

import secrets

from onecity.kernel.people.models import Account
from onecity.kernel.people.roles import sync
from onecity.kernel.people.service import assign_role

DISTRICT, HERE, THERE = "adm/1/", "adm/1/11/", "adm/1/12/"


def keeper(division_path: str, name: str = "keeper") -> Account:
    """A data officer of a division."""
    return _with("data_officer", division_path, name)


def watcher(division_path: str, name: str = "watcher") -> Account:
    """One who sees what happens in a division and changes none of it."""
    return _with("handler", division_path, name)


def _with(role: str, division_path: str, name: str) -> Account:
    sync()
    account = Account.objects.create_user(name, password=secrets.token_urlsafe(16))
    assign_role(account, role, division_path)
    return account
