"""A district with two kinds of certificate, a resident and the people who may look after certificates."""

import datetime as dt
from collections.abc import Callable
from uuid import UUID

import pytest

from onecity.kernel.people.models import Account, Role, RoleAssignment
from onecity.kernel.places.models import Division
from onecity.kernel.records.certificates import types
from onecity.kernel.records.certificates.issuing import Holder, IssueRequest
from onecity.kernel.records.certificates.logic.kind import Field, Template, Validity, Words
from onecity.kernel.records.certificates.types import CertificateType

DEFINING = "11990000MA0000001K"
ISSUER = "11990000MA0000002N"
IDENTITY = "990101199003074512"
COMPANY = "91990000MA0000003H"
PATH = "adm/990101/"

RESIDENCE = CertificateType(
    code="residence",
    number="001",
    title=Words("居住证明", "Residence certificate"),
    defining_uscc=DEFINING,
    holder="person",
    fields=(
        Field("birthday", Words("出生日期", "Date of birth"), "date", "sensitive", age_over=(18, 60)),
        Field("address", Words("住址", "Address"), "text", "sensitive"),
        Field("town", Words("街镇", "Town"), "text", "public"),
        Field("persons", Words("同住人数", "Persons in the household"), "integer", required=False),
    ),
    validity=Validity(months=12),
)
FOOD = CertificateType(
    code="food-permit",
    number="002",
    title=Words("食品经营许可证", "Food business permit"),
    defining_uscc=DEFINING,
    holder="company",
    fields=(Field("scope", Words("经营范围", "Scope"), "text", "public"),),
    template=Template(body=Words("准予{name}从事{scope}。", "{name} may do this: {scope}."), layout="letter"),
)
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
OFFICER = ["certificates.view", "certificates.issue", "certificates.manage", "certificates.reveal"]
Ask = Callable[..., IssueRequest]


@pytest.fixture
def district(db: None) -> Division:
    return Division.objects.create(
        tree="adm", code="990101", name="测试区", level="district", path=PATH, valid_from=dt.date(2000, 1, 1)
    )


def account(name: str, permissions: list[str], path: str) -> Account:
    """Somebody with these rights in this division."""
    made = Account.objects.create(username=name, display_name=name)
    if permissions:
        role = Role.objects.create(name=f"role-{name}", title=name, permissions=permissions)
        RoleAssignment.objects.create(account=made, role=role, division_path=path, valid_from=LONG_AGO)
    return made


@pytest.fixture
def officer(district: Division) -> Account:
    return account("officer", OFFICER, PATH)


@pytest.fixture
def stranger(district: Division) -> Account:
    """The same rights in another district."""
    return account("stranger", OFFICER, "adm/990102/")


@pytest.fixture
def resident(district: Division) -> Account:
    return account("resident", [], "")


@pytest.fixture
def kinds(district: Division) -> None:
    assert types.install(RESIDENCE, FOOD) == 2


@pytest.fixture
def ask(kinds: None) -> Ask:
    """A good request, each with a source of its own."""
    made = iter(range(10_000))

    def one(source: str = "", *, account_id: UUID | None = None, **changed: object) -> IssueRequest:
        values: dict[str, object] = {
            "type_code": "residence",
            "holder": Holder("person", "林小雨", IDENTITY, account_id),
            "issuer_uscc": ISSUER,
            "source_key": source or f"case:{next(made)}",
            "claims": {"birthday": "1990-03-07", "address": "和平路 1 号", "town": "和平镇", "persons": 3},
            "valid_from": dt.date(2026, 1, 1),
            "valid_until": dt.date(2099, 12, 31),
        }
        return IssueRequest(**(values | changed))  # type: ignore[arg-type]  # values of a test, each of its field's type

    return one
