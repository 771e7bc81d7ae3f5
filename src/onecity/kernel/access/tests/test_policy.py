"""Rights as SQL predicates: scopes, their combination, and that a query finds exactly what plain prefixes would."""

import datetime as dt

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.access import permissions, policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.access.models import Grant
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people import service
from onecity.kernel.people.models import Account, Organisation, Role

pytestmark = pytest.mark.django_db
DISTRICT = "adm/910000/"
TOWN = "adm/910000/910001/"
VIEW = permissions.PEOPLE_VIEW

letters = st.sampled_from(["a", "0", "/", "%", "_", "é", "\ud7ff", "\ue000", "\U0010ffff"])
paths = st.text(letters, max_size=5)


@pytest.fixture
def role() -> Role:
    return Role.objects.create(name="viewer", title="Viewer", permissions=[VIEW])


@given(st.lists(paths, max_size=4), st.lists(paths, min_size=1, max_size=12, unique=True))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_query_finds_what_plain_prefixes_would(db: None, scopes: list[str], rows: list[str]) -> None:
    Organisation.objects.all().delete()
    Organisation.objects.bulk_create(Organisation(code=str(i), name="x", division_path=p) for i, p in enumerate(rows))
    account = new_id()
    Grant.objects.bulk_create(Grant(account_id=account, permission=VIEW, path=s, valid_from=now()) for s in scopes)
    found = policy.visible(Organisation.objects.all(), account, VIEW).values_list("division_path", flat=True)
    assert sorted(found) == sorted(row for row in rows if any(row.startswith(scope) for scope in scopes))
    assert [policy.may(account, VIEW, row) for row in rows] == [prefixes.covers(scopes, row) for row in rows]


@given(st.lists(paths, max_size=6), paths)
def test_minimal_scopes_cover_the_same(scopes: list[str], path: str) -> None:
    least = prefixes.minimal(scopes)
    assert prefixes.covers(least, path) == prefixes.covers(scopes, path)
    assert all(not a.startswith(b) for a in least for b in least if a != b)


@given(paths, paths)
def test_the_upper_bound_parts_those_that_begin_with_the_prefix(prefix: str, text: str) -> None:
    upper = prefixes.upper_bound(prefix)
    assert text.startswith(prefix) == (prefix <= text and (upper is None or text < upper))


def test_ancestors_are_the_places_where_a_right_over_a_path_may_be_held() -> None:
    assert prefixes.ancestors(TOWN) == ("", "adm/", DISTRICT, TOWN)
    assert prefixes.ancestors("") == ("",)


def test_the_range_uses_the_index_under_row_level_security(role: Role) -> None:
    """LIKE is not leakproof, so below a policy the planner would have to read the whole table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT bool_and(proleakproof) FROM pg_proc WHERE proname IN ('text_ge', 'text_lt')")
        assert cursor.fetchone() == (True,)
        cursor.execute("SET LOCAL enable_seqscan = off")
    account = service.create_account("planner", display_name="P")
    service.assign_role(account, role, TOWN)
    plan = policy.visible(Organisation.objects.all(), account, VIEW).explain()
    assert (
        "Index Cond: ((division_path >= 'adm/910000/910001/'::text) AND (division_path < 'adm/910000/9100010'::text))"
        in plan
    )


def test_scopes_of_several_roles_are_joined(role: Role) -> None:
    account = service.create_account("two", display_name="Two")
    service.assign_role(account, role, TOWN)
    assert policy.scopes(account, VIEW) == (TOWN,)
    service.assign_role(account, role, DISTRICT)
    assert policy.scopes(account, VIEW) == (DISTRICT,)
    assert policy.scopes(account, permissions.PEOPLE_MANAGE) == ()
    assert policy.held(account) == {VIEW}


def test_nobody_may_nothing() -> None:
    for nobody in (None, AnonymousUser(), new_id()):
        assert policy.scopes(nobody, VIEW) == ()
        assert not policy.may(nobody, VIEW, "")
        assert policy.held(nobody) == frozenset()


def test_a_superuser_may_everything_but_the_separated_duties() -> None:
    root = Account.objects.create_superuser("root", display_name="Root")
    assert policy.scopes(root, VIEW) == ("",)
    assert policy.scopes(root, permissions.AUDIT_VIEW) == ()
    assert permissions.AUDIT_VIEW not in policy.held(root)
    assert VIEW in policy.held(root)


def test_rights_pass_with_the_clock_of_the_database(role: Role) -> None:
    account = service.create_account("dated", display_name="D")
    service.assign_role(
        account, role, DISTRICT, valid_from=now() - dt.timedelta(days=2), valid_to=now() - dt.timedelta(days=1)
    )
    assert policy.scopes(account, VIEW) == ()
    assert policy.held(account) == frozenset()


def test_a_refusal_says_who_can_grant_nearest_first() -> None:
    assigner = Role.objects.create(name="assigner", title="Role assigner", permissions=[permissions.PEOPLE_ASSIGN])
    for code, path in (("town", TOWN), ("district", DISTRICT)):
        office = service.organisation(code, f"Office of the {code}", division_path=path)
        service.assign_role(
            service.create_account(f"{code}-head", display_name="H", organisation=office), assigner, path
        )
    account = service.create_account("asker", display_name="A")
    with pytest.raises(Problem) as refused:
        policy.require(account, VIEW, TOWN)
    problem = refused.value.to_dict()
    assert (problem["status"], problem["code"], problem["permission"]) == (403, "forbidden", VIEW)
    assert problem["grantors"] == [
        {"organisation": "Office of the town", "role": "Role assigner"},
        {"organisation": "Office of the district", "role": "Role assigner"},
    ]
    assert "Office of the town · Role assigner; Office of the district · Role assigner" in problem["detail"]
    with pytest.raises(Problem) as elsewhere:
        policy.require(account, VIEW, "adm/920000/")
    assert elsewhere.value.extra["grantors"] == []


def test_an_undeclared_permission_is_an_error_not_a_no() -> None:
    with pytest.raises(ValueError, match=r"permission 'cases\.veiw' is not declared"):
        policy.scopes(None, "cases.veiw")


def test_a_permission_is_declared_once_and_well() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        permissions.declare(VIEW, "again")
    with pytest.raises(ValueError, match="must look like"):
        permissions.declare("Everything", "no dot")
