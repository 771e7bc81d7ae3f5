"""Several clients at once open cases and take steps, each as the web does it: its role, its account, one transaction each."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Final
from uuid import UUID

from django.db import connection, connections

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service
from onecity.kernel.people.models import Account

# from opening to the end, as the kinds of the bench go
WAY: Final = ("accept", "start", "finish", "verify", "close")
DATA: Final = {"close": {"result": "solved"}}


@dataclass(frozen=True)
class Rates:
    """Cases opened and steps taken in a second, by all clients together, and how many were measured."""

    opened: float
    opened_in_all: int
    steps: float
    steps_in_all: int


def rates(clients: int, seconds: float, actor: Account, place: str) -> Rates:
    """Let so many processes open cases for so many seconds, then take these cases to their end for as long."""
    forking = multiprocessing.get_context("fork")
    start = forking.Barrier(clients + 1)
    connections.close_all()
    ends: list[Connection] = []
    processes = []
    for number in range(clients):
        ours, theirs = forking.Pipe(duplex=False)
        process = forking.Process(target=_client, args=(number, seconds, actor, place, start, theirs), daemon=True)
        process.start()
        processes.append(process)
        ends.append(ours)
    spans, counts = [], []
    for _part in range(2):
        start.wait(60)
        began = time.perf_counter()
        found = [end.recv() for end in ends]
        spans.append(max(last for last, _count in found) - began)
        counts.append(sum(count for _last, count in found))
    for process in processes:
        process.join(30)
    return Rates(counts[0] / spans[0], counts[0], counts[1] / spans[1], counts[1])


def _client(number: int, seconds: float, actor: Account, place: str, start: Barrier, told: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    opened: list[UUID] = []

    def one() -> bool:
        new = service.NewCase(
            "kind1", f"路口垃圾{len(opened)}", place, source_key=f"client:{id(told)}:{number}:{len(opened)}"
        )
        opened.append(service.open_case(new, actor=actor).id)
        return True

    _repeat(one, seconds, actor, start, told)
    steps = iter([(case, action) for case in opened for action in WAY])

    def step() -> bool:
        case, action = next(steps, (None, ""))
        if case is not None:
            service.act(case, action, actor, note="done", data=DATA.get(action))
        return case is not None

    _repeat(step, seconds, actor, start, told)
    connection.close()


def _repeat(act: Callable[[], bool], seconds: float, actor: Account, start: Barrier, told: Connection) -> None:
    """Tell when the last act was done and how many there were."""
    start.wait(60)
    count, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        with _request(actor):
            if not act():
                break
        count += 1
    told.send((time.perf_counter(), count))


@contextmanager
def _request(actor: Account) -> Iterator[None]:
    with acting_as(actor.id):
        yield
