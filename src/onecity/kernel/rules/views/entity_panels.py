"""What the page of a device or place shows of its alerts and cases."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases.permissions import VIEW as CASES_VIEW
from onecity.kernel.cases.service import visible_cases
from onecity.kernel.people.models import Account
from onecity.kernel.rules import finding
from onecity.kernel.rules.finding import AlertQuery
from onecity.kernel.rules.permissions import ALERTS_VIEW
from onecity.kernel.rules.views.alerts import title_of
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.panels import Panel

MOST = 5


def alerts(request: HttpRequest, entity: Entity) -> Panel | None:
    """Its newest alerts, for those who may see them there."""
    account = request.user
    if not isinstance(account, Account) or not policy.may(account, ALERTS_VIEW, entity.division_path):
        return None
    rows = finding.alerts(account, AlertQuery(entity_id=entity.id))[:MOST]
    listed = [(alert, title_of(alert)) for alert in rows]
    return Panel(_("Alerts"), "rules/entity_alerts.html", {"listed": listed}, refreshed_by="alert")


def cases(request: HttpRequest, entity: Entity) -> Panel | None:
    """Its newest cases, for those who may see them there."""
    account = request.user
    if not isinstance(account, Account) or not policy.may(account, CASES_VIEW, entity.division_path):
        return None
    listed = visible_cases(account).filter(entity_id=entity.id).order_by("closed_at", "-opened_at")[:MOST]
    return Panel(_("Cases"), "rules/entity_cases.html", {"listed": listed}, refreshed_by="case")
