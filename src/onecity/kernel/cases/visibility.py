"""Which cases an account may see, as a condition that stays cheap however many divisions it holds."""

from collections.abc import Sequence
from typing import ClassVar

from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from onecity.kernel.access import policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.cases import permissions
from onecity.kernel.cases.models import Case
from onecity.kernel.people.models import Account

# so many ranges of an index are read one after the other; more are one question to each row
FEW = 4


class Covered(Func):
    """Whether a path lies in one of many scopes: a multirange, so that each row costs a few comparisons, not all.

    As a CASE the planner takes it for half of all rows, which is closer than what it thinks of the bare operator.
    """

    template = "CASE WHEN %(expressions)s THEN true ELSE false END"
    arg_joiner = "::cases_path_multirange @> "
    output_field = BooleanField()
    conditional: ClassVar[bool] = True

    def __init__(self, scopes: Sequence[str]) -> None:
        super().__init__(Value(multirange(scopes)), F("division_path"))


def multirange(scopes: Sequence[str]) -> str:
    """The scopes as PostgreSQL writes a multirange of texts."""
    return "{" + ",".join(f"[{_quoted(scope)},{_quoted(prefixes.upper_bound(scope))})" for scope in scopes) + "}"


def _quoted(text: str | None) -> str:
    return "" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def visible(rows: QuerySet[Case], account: Account) -> QuerySet[Case]:
    """The cases of divisions in which the account may see cases; confidential ones where it holds the right to them too."""
    scopes = policy.scopes(account, permissions.VIEW)
    rows = policy.visible(rows, account, permissions.VIEW) if len(scopes) <= FEW else rows.filter(Covered(scopes))
    trusted = policy.scopes(account, permissions.CONFIDENTIAL)
    if scopes and all(prefixes.covers(trusted, scope) for scope in scopes):
        return rows
    return rows.filter(Q(confidential=False) | Q(Covered(trusted))) if trusted else rows.filter(confidential=False)


def hides(case: Case, account: Account) -> bool:
    """Whether a confidential case is kept from this person: he neither has it nor holds the right to such cases there."""
    return (
        case.confidential
        and case.assignee_id != account.id
        and not policy.may(account, permissions.CONFIDENTIAL, case.division_path)
    )
