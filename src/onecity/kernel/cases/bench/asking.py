"""What the bench asks for each role: lists, searches, counts, maps, and whole pages as a browser gets them."""

import datetime as dt
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlencode

import numpy as np
from django.test import Client

from onecity.kernel.cases import filters, listing, mapping, presentation, visibility
from onecity.kernel.cases.bench import district
from onecity.kernel.cases.bench.district import District
from onecity.kernel.cases.heat.logic import cells
from onecity.kernel.cases.heat.service import CELL
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.models import Case, Reporter
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account, Organisation

Question = Callable[[], object]
Questions = Mapping[str, Question]
MIDDLE = (121.5, 30.95)
RANGE = dt.timedelta(days=31)


def of_staff(made: District, account: Account) -> Questions:
    """Lists under the conditions that people combine, and every page of cases of the desk."""
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
        "search_one_character": Wanted(open=None, text="井"),
        "search_rare": Wanted(open=None, text=district.RARE),
        "search_in_a_village": Wanted(open=None, text="井盖", place=made.village),
        "search_mine": Wanted("mine", text="井盖"),
        "search_late": Wanted(overdue=True, text="井盖"),
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
    asked: dict[str, Question] = {name: _list(account, wanted) for name, wanted in lists.items()}
    asked["second_page"] = _second_page(account)
    asked["counts"] = lambda: listing.counts(account)
    asked["map"] = lambda: mapping.points(account, Wanted())
    asked["map_of_a_kind"] = lambda: mapping.points(account, Wanted(types=("kind7",)))
    asked["map_of_what_ended"] = lambda: mapping.points(account, Wanted(open=False))
    return asked | _pages(account)


def of_resident(made: District) -> Questions:
    """What somebody who reported some hundred cases opens: all of them, and one."""
    browser = _browser(made.resident)
    own = Reporter.objects.filter(account_id=made.resident.id).order_by("-created_at").first()
    return {
        "what_i_reported": _opening(browser, "/report/mine"),
        "one_that_i_reported": _opening(browser, f"/report/{own.case.number}" if own else "/report/mine"),
        "form": _opening(browser, "/report"),
    }


def of_everybody() -> Questions:
    """The public list through Open311, as programs and the map of a newspaper would ask for it."""
    browser = Client(headers={"host": "127.0.0.1"})
    last = Case.objects.filter(type_name="kind4").order_by("-opened_at").first()
    end = now() - dt.timedelta(days=400)
    months = {"start_date": (end - RANGE).isoformat(), "end_date": end.isoformat()}
    asked = {
        "public_list": "",
        "public_list_of_1000": "?page_size=1000",
        "public_list_extended": "?extensions=true",
        "public_list_of_a_service": "?service_code=kind4",
        "public_list_of_what_ended": "?status=closed",
        "public_list_of_a_month": "?" + urlencode(months),
        "public_list_tenth_page": "?page=10",
    }
    found = {name: _opening(browser, f"/open311/v2/requests.json{query}") for name, query in asked.items()}
    found["public_list_as_xml"] = _opening(browser, "/open311/v2/requests.xml")
    if last is not None:
        found["one_request"] = _opening(browser, f"/open311/v2/requests/{last.number}.json")
    return found


def _pages(account: Account) -> dict[str, Question]:
    """Whole pages: rights, lists, counts, words and HTML."""
    browser = _browser(account)
    running = Case.objects.filter(closed_at__isnull=True)
    seen = visibility.visible(running, account).order_by("due_order", "id").first()
    for number in range(5):
        filters.save(account, f"filter {number}", f"scope=all&type=kind{number}")
    office = account.organisation_id or Organisation.objects.order_by("code")[1].id
    last = now().date()
    days = {"first": (last - RANGE).isoformat(), "last": last.isoformat()}
    cell = cells.cells_of(cells.spots_of(np.array([MIDDLE[0]]), np.array([MIDDLE[1]])), CELL)[0][0]
    addresses = {
        "page_of_the_list": "/desk/cases?scope=all",
        "page_of_my_work": "/desk/cases",
        "page_of_a_search": "/desk/cases?scope=all&running=&q=垃圾",
        "page_of_points": "/desk/cases/points?scope=all",
        "page_of_today": "/desk",
        "page_of_a_case": f"/desk/cases/{seen.id}?scope=all" if seen else "/desk/cases",
        "page_of_a_new_case": "/desk/cases/new",
        "page_of_scores": f"/desk/scores?{urlencode(days)}",
        "page_behind_a_score": f"/desk/scores/cases?{urlencode(days | {'office': str(office), 'figure': 'ended'})}",
        "page_of_hot_spots": f"/desk/hotspots?{urlencode(days)}",
        "page_of_hot_spots_of_a_kind": f"/desk/hotspots?{urlencode(days | {'kind': 'kind7'})}",
        "page_of_a_hot_spot": f"/desk/hotspots/cell?{urlencode(days | {'cell': cell})}",
        "page_of_topics": "/desk/topics",
        "page_of_topics_of_a_month": "/desk/topics?days=30",
        "page_of_bottlenecks": f"/desk/bottlenecks?{urlencode(days)}",
        "page_of_bottlenecks_of_a_kind": f"/desk/bottlenecks?{urlencode(days | {'kind': 'kind7'})}",
        "page_of_duplicates": "/desk/cases/duplicates",
        "page_of_dispatch": "/desk/dispatch",
        "page_of_dispatch_points": "/desk/dispatch/points",
        "page_of_shifts": "/desk/shifts",
        "page_of_calls": "/desk/intake",
        "what_the_phone_keeps": "/field/work",
    }
    return {name: _opening(browser, address) for name, address in addresses.items()}


def _browser(account: Account) -> Client:
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(account)
    return browser


def _opening(browser: Client, address: str) -> Question:
    def ask() -> object:
        answer = browser.get(address)
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{address} answers {answer.status_code}")
        return answer.content

    return ask


def _list(account: Account, wanted: Wanted) -> Question:
    return lambda: presentation.rows(listing.page(account, wanted).cases)


def _second_page(account: Account) -> Question:
    def ask() -> object:
        first = listing.page(account, Wanted(open=None), count=False)
        return listing.page(account, Wanted(open=None), cursor=first.next, count=False)

    return ask
