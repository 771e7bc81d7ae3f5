"""A process that is killed between a decision and its certificate: neither is lost, neither is there twice."""

import multiprocessing
import time
from multiprocessing.synchronize import Event

import pytest
from django.db import connection, transaction

from onecity.domains.services.applying import deciding, filing
from onecity.domains.services.applying.models import Application, Decision
from onecity.domains.services.registers import connected
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.records.models import Certificate
from onecity.sim.registers.source import Registers
from tests.services.conftest import District, build
from tests.services.test_applying import ready

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'records_certificate'::regclass"
DEADLINE_S = 60.0


def decide(told: Event) -> None:
    """What the killed process does."""
    told.wait()
    deciding.decide_waiting()


def held_up() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_kill_between_decision_and_certificate_loses_and_doubles_nothing(
    clock: FixedClock, registers: Registers
) -> None:
    build()
    with connected.connected_to(registers):
        application = filing.send(ready(District(registers, {}).resident("pensioner")))
    context = multiprocessing.get_context("fork")
    told = context.Event()
    # the child must not share our connection
    connection.close()
    worker = context.Process(target=decide, args=(told,))
    worker.start()
    with transaction.atomic():
        with connection.cursor() as cursor:
            # the certificate cannot be written while this is held: the process stands between the two
            cursor.execute("LOCK TABLE records_certificate IN SHARE ROW EXCLUSIVE MODE")
        begun = time.monotonic()
        told.set()
        while not held_up():
            assert worker.is_alive()
            assert time.monotonic() < begun + DEADLINE_S
        worker.kill()
        worker.join()
    assert (Decision.objects.count(), Certificate.objects.count()) == (0, 0)
    assert Application.objects.get().waiting
    assert Case.objects.defer("search").get(id=application.case_id).state == "submitted"
    assert deciding.decide_waiting() == 1
    assert deciding.decide_waiting() == 0
    assert (Decision.objects.count(), Certificate.objects.count()) == (1, 1)
    assert Case.objects.defer("search").get(id=application.case_id).state == "issued"
