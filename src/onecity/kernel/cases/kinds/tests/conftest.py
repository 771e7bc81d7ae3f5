"""The small district of the tests of cases, with three people who may publish kinds."""

import pytest

from onecity.kernel.cases.tests.conftest import DISTRICT, LONG_AGO, Town, clock, committed_town, town
from onecity.kernel.people.models import Account, Role, RoleAssignment

__all__ = ["clock", "committed_town", "managers", "town"]


@pytest.fixture
def managers(town: Town) -> Town:
    """The town with `author`, `reviewer` and `third`, who may see cases and publish kinds in the whole district."""
    role = Role.objects.create(name="kinds", title="kinds", permissions=["cases.view", "cases.manage", "cases.open"])
    for name in ("author", "reviewer", "third"):
        account = Account.objects.create_user(name, display_name=f"{name}·姓名", email=f"{name}@example.org")
        RoleAssignment.objects.create(account=account, role=role, division_path=DISTRICT, valid_from=LONG_AGO)
        town.people[name] = account
    return town
