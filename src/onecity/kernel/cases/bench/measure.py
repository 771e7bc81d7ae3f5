"""Measures lists, searches, counts, maps and pages of cases for each role, then opening, steps and the deadline sweep."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from django.db import connection, transaction
from django.test import Client

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import listing, mapping, presentation, service, sweep, visibility
from onecity.kernel.cases.bench import district
from onecity.kernel.cases.bench.district import District
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.people.models import Account

SMALL, LARGE = 100_000, 1_000_000
EVENTS, FEW_EVENTS = 30, 3  # for each case: 30 million in all, or a few to see that it runs
RUNS, WARM_UP = 20, 2
SINGLE = 300
NOISE_MS = 5.0  # below this a ratio says more about the machine than about the list
Figures = dict[str, dict[str, float]]


def run(*, quick: bool = False) -> dict[str, object]:
    """Figures in milliseconds (p95 of 20 runs on a warm cache), per role and list; needs a running database.

    Works in a database of its own, created and dropped here, as the role of the web process with row-level security.
    `growth`: the slowest ratio of the medians at ten times as many cases, over all lists.
    """
    small, large, events = (SMALL // 10, SMALL, FEW_EVENTS) if quick else (SMALL, LARGE, EVENTS)
    with _own_database(), use_clock(FixedClock(now())):
        made = district.build()
        moment = now()
        district.fill(1, small, moment, events)
        before, _p95 = _all_lists(made, RUNS // 4 if quick else RUNS)
        district.fill(small + 1, large, moment, events)
        medians, p95 = _all_lists(made, RUNS // 4 if quick else RUNS)
        writes = _writes(made)
    worst = max((ms, role, name) for role, lists in p95.items() for name, ms in lists.items())
    ratios = [(medians[r][n] / max(before[r][n], NOISE_MS), r, n) for r in medians for n in medians[r]]
    return {
        "bench": "cases",
        "cases": large,
        "events": large * events,
        "staff": district.STAFF,
        "divisions": district.TOWNS + district.VILLAGES + 1,
        "worst_list_p95_ms": worst[0],
        "worst_list": f"{worst[1]}: {worst[2]}",
        "growth_10x": round(max(ratios)[0], 2),
        "growth_worst": f"{max(ratios)[1]}: {max(ratios)[2]}",
        **writes,
        "lists_p95_ms": p95,
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
    for role, account in made.people.items():
        medians[role], p95[role] = {}, {}
        for name, ask in _questions(made, account).items():
            times = [_timed(account, ask) for _turn in range(runs + WARM_UP)][WARM_UP:]
            medians[role][name] = round(statistics.median(times), 2)
            p95[role][name] = round(sorted(times)[max(0, int(len(times) * 0.95 + 0.5) - 1)], 2)
        sys.stderr.write(f"{role}: slowest {max(p95[role].items(), key=lambda each: each[1])}\n")
    return medians, p95


def _timed(account: Account, ask: Callable[[], object]) -> float:
    """Milliseconds of one question as the web process asks it: its role, the account set, one transaction."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE onecity_app")
        began = time.perf_counter()
        with acting_as(account.id):
            ask()
        return (time.perf_counter() - began) * 1000


def _questions(made: District, account: Account) -> dict[str, Callable[[], object]]:
    lists = {
        "mine": Wanted("mine"),
        "my_office": Wanted("office"),
        "nobody_has_taken": Wanted("unassigned"),
        "running": Wanted(),
        "late": Wanted(overdue=True),
        "running_of_a_state": Wanted(states=("verified",)),
        "running_of_a_kind": Wanted(types=("kind7",)),
        "running_red": Wanted(severities=("red",)),
        "running_in_a_village": Wanted(place=made.village),
        "running_in_a_town": Wanted(place=made.town),
        "ended": Wanted(open=False),
        "ended_in_a_village": Wanted(open=False, place=made.village),
        "ended_of_a_kind_red": Wanted(open=False, types=("kind7",), severities=("red",)),
        "everything": Wanted(open=None),
        "mine_ended": Wanted("mine", open=False),
        "search_common": Wanted(open=None, text="垃圾"),
        "search_two_words": Wanted(open=None, text="河道 井盖"),
        "search_rare": Wanted(open=None, text=district.RARE),
        "search_in_a_village": Wanted(open=None, text="井盖", place=made.village),
        "search_nothing": Wanted(open=None, text="火星"),
        "number": Wanted(open=None, text="2026-0031415"),
        "number_begun": Wanted(open=None, text="2026-00314"),
        "number_hardly_begun": Wanted(open=None, text="2026-0"),
        "running_number_begun": Wanted(text="2026-003"),
        "ended_red": Wanted(open=False, severities=("red",)),
        "ended_of_a_rare_state": Wanted(open=False, states=("cancelled",)),
        "anything_of_a_state": Wanted(open=None, states=("verified",)),
        "anything_of_a_kind": Wanted(open=None, types=("kind7",)),
        "anything_red_in_a_town": Wanted(open=None, severities=("red",), place=made.town),
        "late_red_of_a_kind": Wanted(overdue=True, types=("kind7",), severities=("red",)),
    }
    asked: dict[str, Callable[[], object]] = {name: _list(account, wanted) for name, wanted in lists.items()}
    asked["second_page"] = _second_page(account)
    asked["counts"] = lambda: listing.counts(account)
    asked["map"] = lambda: mapping.points(account, Wanted())
    asked["map_of_a_kind"] = lambda: mapping.points(account, Wanted(types=("kind7",)))
    asked["map_of_what_ended"] = lambda: mapping.points(account, Wanted(open=False))
    return asked | _pages(account)


def _pages(account: Account) -> dict[str, Callable[[], object]]:
    """Whole pages as a browser gets them: rights, list, counts, words and HTML."""
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(account)
    found = Case.objects.filter(closed_at__isnull=True)
    seen = visibility.visible(found, account).order_by("due_order", "id").first()
    addresses = {
        "page_of_the_list": "/desk/cases?scope=all",
        "page_of_my_work": "/desk/cases",
        "page_of_a_search": "/desk/cases?scope=all&running=&q=垃圾",
        "page_of_points": "/desk/cases/points?scope=all",
        "page_of_today": "/desk",
        "page_of_a_case": f"/desk/cases/{seen.id}?scope=all" if seen else "/desk/cases",
    }
    return {name: _opening(browser, address) for name, address in addresses.items()}


def _opening(browser: Client, address: str) -> Callable[[], object]:
    def ask() -> object:
        answer = browser.get(address)
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{address} answers {answer.status_code}")
        return answer.content

    return ask


def _list(account: Account, wanted: Wanted) -> Callable[[], object]:
    return lambda: presentation.rows(listing.page(account, wanted).cases)


def _second_page(account: Account) -> Callable[[], object]:
    def ask() -> object:
        first = listing.page(account, Wanted(open=None), count=False)
        return listing.page(account, Wanted(open=None), cursor=first.next, count=False)

    return ask


def _writes(made: District) -> dict[str, object]:
    handler = made.people["town_manager"]
    began = time.perf_counter()
    opened = [
        service.open_case(
            service.NewCase("kind1", f"路口垃圾{n}", made.village, source_key=f"single:{n}"), actor=handler
        )
        for n in range(SINGLE)
    ]
    opening = SINGLE / (time.perf_counter() - began)
    began = time.perf_counter()
    for case in opened:
        service.act(case.id, "accept", handler, expected_version=1)
    steps = SINGLE / (time.perf_counter() - began)
    wanted = [service.NewCase("kind1", f"积水{n}", made.village, source_key=f"bulk:{n}") for n in range(2000)]
    began = time.perf_counter()
    service.open_cases(wanted)
    bulk = len(wanted) / (time.perf_counter() - began)
    began = time.perf_counter()
    swept = sweep.sweep()
    return {
        "open_per_s": round(opening),
        "open_bulk_per_s": round(bulk),
        "steps_per_s": round(steps),
        "swept": swept,
        "sweep_s": round(time.perf_counter() - began, 2),
    }
