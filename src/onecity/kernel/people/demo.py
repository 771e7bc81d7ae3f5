"""Accounts with well-known passwords, so that a demonstration can be entered; a real installation refuses them."""

from dataclasses import dataclass, replace

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from onecity.kernel.people import roles, service
from onecity.kernel.people.models import Account, AssuranceLevel, Organisation

PASSWORD = "onecity-demo"  # noqa: S105 - public on purpose; `exist` keeps it out of production


@dataclass(frozen=True)
class DemoAccount:
    """One account of the demonstration, as the start prints it."""

    username: str
    title: object
    role: str = ""
    password: str = PASSWORD


ADMIN = DemoAccount("admin", _("Administrator"), "administrator")
OPERATOR = DemoAccount("operator", _("Operator on duty"), "operator")
ENVIRONMENT = DemoAccount("environment", _("Case handler"), "handler")
TOWN_A = DemoAccount("town-a", _("Case manager"), "town_lead")
TOWN_B = DemoAccount("town-b", _("Case manager"), "town_lead")
VILLAGE = DemoAccount("village", _("Village worker"), "village_worker")
DATA = DemoAccount("data", _("Data officer"), "data_officer")
AUDITOR = DemoAccount("auditor", _("Auditor"), "auditor")
PUBLISHER = DemoAccount("publisher", _("Publisher of services"), "service_publisher")
RESIDENT = DemoAccount("resident", _("Resident"))
ACCOUNTS = (ADMIN, OPERATOR, ENVIRONMENT, TOWN_A, TOWN_B, VILLAGE, DATA, AUDITOR, PUBLISHER, RESIDENT)


@dataclass(frozen=True)
class DemoDivisions:
    """Where the demonstration's people work: path and name of the district, of two of its towns and of one village."""

    district: tuple[str, str]
    town_a: tuple[str, str]
    town_b: tuple[str, str]
    village: tuple[str, str]


@transaction.atomic
def create(divisions: DemoDivisions) -> list[DemoAccount]:
    """Create the accounts with their organisations and roles, idempotent; returns what may be printed."""
    roles.sync()
    with override("zh-hans"):
        places = _organisations(divisions)
        known = set(Account.objects.values_list("username", flat=True))
        made = [_account(demo, *places.get(demo.username, (None, ""))) for demo in ACCOUNTS]
    new = Account.objects.filter(is_demo=True).exclude(username__in=known)
    new.update(password=make_password(PASSWORD))  # one password, so one hash: the start need not compute one for each
    Account.objects.filter(username=ADMIN.username, is_demo=True).update(is_superuser=True)
    return made


def exist() -> bool:
    """Whether any demonstration account is in the database; production refuses to start with one."""
    return Account.objects.filter(is_demo=True).exists()


def present() -> list[DemoAccount]:
    """The demonstration's accounts that are in the database, under the names they carry there."""
    names = dict(Account.objects.filter(is_demo=True, is_active=True).values_list("username", "display_name"))
    return [replace(demo, title=names[demo.username]) for demo in ACCOUNTS if demo.username in names]


def _organisations(divisions: DemoDivisions) -> dict[str, tuple[Organisation, str]]:
    district, name = divisions.district
    government = service.organisation(
        "district", str(_("%(place)s people's government")) % {"place": name}, division_path=district
    )

    def body(code: str, title: str, place: tuple[str, str]) -> tuple[Organisation, str]:
        path, _name = place
        return service.organisation(code, title, division_path=path, parent=government), path

    whole = divisions.district
    operations = body("operations", str(_("%(place)s urban operations centre")) % {"place": name}, whole)
    environment = body("environment", str(_("%(place)s bureau of ecology and environment")) % {"place": name}, whole)
    data = body("data", str(_("%(place)s data bureau")) % {"place": name}, whole)
    audit = body("audit", str(_("%(place)s audit bureau")) % {"place": name}, whole)
    town_a = body("town-a", str(_("%(place)s people's government")) % {"place": divisions.town_a[1]}, divisions.town_a)
    town_b = body("town-b", str(_("%(place)s people's government")) % {"place": divisions.town_b[1]}, divisions.town_b)
    village = body("village", _committee(divisions.village[1]), divisions.village)
    return {
        ADMIN.username: data,
        OPERATOR.username: operations,
        ENVIRONMENT.username: environment,
        TOWN_A.username: town_a,
        TOWN_B.username: town_b,
        VILLAGE.username: village,
        DATA.username: data,
        PUBLISHER.username: data,
        AUDITOR.username: (audit[0], ""),
    }


def _committee(village: str) -> str:
    """What the committee of a village is called; lists of divisions often name a village by its committee already."""
    return village if village.endswith("委会") else str(_("%(place)s committee")) % {"place": village}


def _account(demo: DemoAccount, organisation: Organisation | None, path: str) -> DemoAccount:
    title = f"{organisation.name} · {demo.title}" if organisation else str(demo.title)
    account = Account.objects.filter(username=demo.username).first()
    if account is None:
        account = service.create_account(
            demo.username,
            display_name=title,
            organisation=organisation,
            is_demo=True,
            assurance_level=AssuranceLevel.CONTACT,
        )
    if demo.role:
        service.assign_role(account, demo.role, path)
    return replace(demo, title=title)
