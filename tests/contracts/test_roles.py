"""The roles of the start and the permissions of the packages fit together."""

import pytest
from django.urls import get_resolver

from onecity.kernel.access import permissions
from onecity.kernel.people.roles import STANDARD_ROLES

# held by a superuser alone until a district makes a role of its own for it
FOR_SUPERUSERS: set[str] = set()


@pytest.fixture(autouse=True)
def everything_loaded() -> None:
    """Permissions are declared where their package is first imported: the list of addresses imports them all."""
    assert get_resolver().url_patterns


def test_every_permission_of_a_role_is_declared_by_a_package() -> None:
    named = {permission for role in STANDARD_ROLES for permission in role.permissions}
    assert named - set(permissions.declared()) == set()


def test_every_declared_permission_is_in_some_role() -> None:
    named = {permission for role in STANDARD_ROLES for permission in role.permissions}
    assert set(permissions.declared()) - named == FOR_SUPERUSERS


def test_a_separated_permission_is_only_in_a_separated_role() -> None:
    separate = {name for name, permission in permissions.declared().items() if permission.separate}
    assert separate
    mixed = [r for r in STANDARD_ROLES if separate.intersection(r.permissions) and not r.duty]
    # or else in a role for that one thing, given by name to whoever answers for it
    assert [r.name for r in mixed if len({name.split(".")[0] for name in r.permissions}) > 1] == []
