"""The demonstration's residents: let in once, with their children and companies, and what they hold from earlier."""

import pytest

from onecity.domains.services.applying.models import Entitlement
from onecity.domains.services.items import store
from onecity.domains.services.registers import connected
from onecity.kernel.people import identity, mandates
from onecity.kernel.people import service as people
from onecity.kernel.people.models import Account, Identity
from onecity.kernel.places.models import Division
from onecity.kernel.records.models import Certificate
from onecity.sim import residents
from onecity.sim.registers.source import Registers

pytestmark = pytest.mark.django_db


def test_residents_are_let_in_once_with_what_is_theirs() -> None:
    Division.objects.create(tree="adm", code="990100", name="测试区", level="district", path="adm/990100/")
    people.create_account("resident", display_name="居民", is_demo=True)
    registers = Registers(30)
    with connected.connected_to(registers):
        residents.settle(registers)
        counts = [model.objects.count() for model in (Account, Identity, Certificate, Entitlement)]
        residents.settle(registers)
    assert [model.objects.count() for model in (Account, Identity, Certificate, Entitlement)] == counts
    assert len(store.items()) >= 40
    mother = Account.objects.get(username="resident")
    assert [one.kind for one in mandates.spaces(mother.id)] == ["self", "guardian"]
    owner = Account.objects.get(username="owner")
    assert "representative" in {one.kind for one in mandates.spaces(owner.id)}
    held = Certificate.objects.filter(account_id=mother.id).order_by("type_code").values_list("type_code", flat=True)
    assert list(held) == ["birth_certificate", "identity_card"]
    assert identity.identity_of(mother.id) is not None
    assert Entitlement.objects.filter(account_id=Account.objects.get(username="pensioner").id).exists()


def test_without_a_demonstration_nobody_is_let_in() -> None:
    residents.settle(Registers(30))
    assert Account.objects.count() == 0
