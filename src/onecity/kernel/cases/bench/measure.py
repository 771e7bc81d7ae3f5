"""Measures lists, searches, counts, maps and pages of cases for each role, then opening, steps and the deadline sweep."""

import datetime as dt
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service, sweep
from onecity.kernel.cases.bench import asking, clients, district, filling
from onecity.kernel.cases.bench.asking import Question, Questions
from onecity.kernel.cases.bench.district import District
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.people.models import Account

SMALL, LARGE = 100_000, 1_000_000
EVENTS, FEW_EVENTS = 30, 12  # for each case: 30 million in all, or a few to see that it runs
RUNS, FEW_RUNS, WARM_UP = 20, 5, 1
CLIENTS, SECONDS = 4, 20.0
BULK = 2000
SWEPT = {"a_minute": dt.timedelta(minutes=1), "an_hour_later": dt.timedelta(hours=1, minutes=1)}
NOISE_MS = 5.0  # below this a ratio says more about the machine than about the list
Figures = dict[str, dict[str, float]]


def run(*, quick: bool = False) -> dict[str, object]:
    """Figures in milliseconds (p95 of 20 runs on a warm cache), per role and list; needs a running database.

    Works in databases of its own, created and dropped here, as the role of the web process with row-level security.
    `growth`: the slowest ratio of the medians at ten times as many cases, over all lists.
    """
    small, large, events = (SMALL // 10, SMALL, FEW_EVENTS) if quick else (SMALL, LARGE, EVENTS)
    runs, seconds = (FEW_RUNS, SECONDS / 4) if quick else (RUNS, SECONDS)
    with _own_database():
        made = district.build()
        with use_clock(FixedClock(now())):
            filling.fill(1, small, now(), events)
            before, _p95 = _all_lists(made, FEW_RUNS)
            began = time.perf_counter()
            filling.fill(small + 1, large, now(), events)
            loading = time.perf_counter() - began
            medians, p95 = _all_lists(made, runs)
        writes = _writes(made, seconds)
    swept = _swept(large)
    worst = max((ms, role, name) for role, lists in p95.items() for name, ms in lists.items())
    ratios = [(medians[r][n] / max(before[r][n], NOISE_MS), r, n) for r in medians for n in medians[r]]
    return {
        "bench": "cases",
        "cases": large,
        "events": large * events,
        "staff": district.STAFF,
        "divisions": district.TOWNS + district.VILLAGES + 1,
        "filled_in_s": round(loading, 1),
        "runs": runs,
        "worst_list_p95_ms": worst[0],
        "worst_list": f"{worst[1]}: {worst[2]}",
        "lists_above_200_ms": sorted(
            f"{r}: {n}: {ms}" for r, found in p95.items() for n, ms in found.items() if ms > 200
        ),
        "growth_10x": round(max(ratios)[0], 2),
        "growth_worst": f"{max(ratios)[1]}: {max(ratios)[2]}",
        "lists_that_grow_twofold": sorted(f"{r}: {n}: {ratio:.1f}" for ratio, r, n in ratios if ratio > 2),
        **writes,
        **swept,
        "lists_p95_ms": p95,
        "lists_median_ms": medians,
        "compared_with": f"the same lists at {small} cases",
    }


@contextmanager
def _own_database() -> Iterator[None]:
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(str(name), verbosity=0)


def _all_lists(made: District, runs: int) -> tuple[Figures, Figures]:
    medians: Figures = {}
    p95: Figures = {}
    roles: dict[str, tuple[Account | None, Questions]] = {
        role: (account, asking.of_staff(made, account)) for role, account in made.people.items()
    }
    roles["resident"] = made.resident, asking.of_resident(made)
    roles["everybody"] = None, asking.of_everybody()
    for role, (account, questions) in roles.items():
        medians[role], p95[role] = {}, {}
        for name, ask in questions.items():
            times = [_timed(account, ask) for _turn in range(runs + WARM_UP)][WARM_UP:]
            medians[role][name] = round(statistics.median(times), 2)
            p95[role][name] = round(sorted(times)[max(0, int(len(times) * 0.95 + 0.5) - 1)], 2)
        slowest = sorted(p95[role].items(), key=lambda each: -each[1])[:3]
        sys.stderr.write(f"{role}: slowest {slowest}\n")
    return medians, p95


def _timed(account: Account | None, ask: Question) -> float:
    """Milliseconds of one question as the web process asks it: its role, the account set, one transaction."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE onecity_app")
        began = time.perf_counter()
        with acting_as(account.id if account else None):
            ask()
        return (time.perf_counter() - began) * 1000


def _writes(made: District, seconds: float) -> dict[str, object]:
    """Rates of one client and of several, all through the service; each step with its entry and its message to live pages."""
    handler = made.people["town_manager"]
    alone = clients.rates(1, seconds / 2, handler, made.village)
    together = clients.rates(CLIENTS, seconds, handler, made.village)
    wanted = [service.NewCase("kind1", f"积水{n}", made.village, source_key=f"bulk:{n}") for n in range(BULK)]
    began = time.perf_counter()
    service.open_cases(wanted)
    bulk = len(wanted) / (time.perf_counter() - began)
    return {
        "clients": CLIENTS,
        "open_per_s": round(together.opened),
        "opened": together.opened_in_all,
        "open_one_client_per_s": round(alone.opened),
        "open_bulk_per_s": round(bulk),
        "steps_per_s": round(together.steps),
        "steps": together.steps_in_all,
        "steps_one_client_per_s": round(alone.steps),
    }


def _swept(cases: int) -> dict[str, object]:
    """The sweep over so many open cases of five days: what is due within a minute, then an hour that was missed."""
    found: dict[str, object] = {}
    moment = now()
    with _own_database(), use_clock(FixedClock(moment)):
        district.build()
        filling.fill(1, cases, moment, 1, running=10, age_days=6)
        for name, later in SWEPT.items():
            began = time.perf_counter()
            count = sweep.sweep(moment + later)
            found |= {f"swept_{name}": count, f"sweep_{name}_s": round(time.perf_counter() - began, 2)}
    return {"swept_over_open_cases": cases, **found}
