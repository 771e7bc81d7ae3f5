"""The page of hot topics, and the same as a workbook."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onecity.kernel.access import audit
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import choices, permissions, topics
from onecity.kernel.cases.logic.masking import masked_text
from onecity.kernel.cases.scoring.export import Cell, table_book
from onecity.kernel.cases.scoring.views import local_now, sheet
from onecity.kernel.people.doors import account_of

SPANS = (7, 14, 30)
# as many numbers of cases as a cell of a workbook holds without being cut
MOST_NUMBERS = 2_000


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """What many people report in the last days, the hottest first; `format=xlsx` gives the workbook."""
    account = account_of(request)
    offered = choices.divisions(account, permissions.VIEW)
    place, days = request.GET.get("place", ""), request.GET.get("days", "")
    place = place if place in dict(offered) else ""
    span = int(days) if days in {str(one) for one in SPANS} else SPANS[0]
    found = topics.topics(account, span, place)
    if request.GET.get("format") == "xlsx":
        audit.record(
            "cases.topics.export", actor_id=account.id, object_type="topics", object_id=str(span), division_path=place
        )
        title = _("Hot topics")
        book = table_book(title, _head(), map(_line, found.topics), str(account), local_now())
        return sheet(book, f"topics-{span}-{local_now():%Y-%m-%d}")
    context = {
        "found": found,
        "topics": found.topics,
        "divisions": offered,
        "place": place,
        "days": span,
        "spans": SPANS,
        "periods": topics.PERIODS,
    }
    return render(request, "cases/topics.html", context)


def _head() -> list[str]:
    return [
        _("Topic"), _("Words"), _("Cases"), _("Usual in such a period"), _("Growth"), _("Hot"), _("Where"),
        _("Told again by the same person"), _("Numbers of the cases"),
    ]  # fmt: skip


def _line(topic: topics.Shown) -> list[Cell]:
    where = "；".join(f"{name} {count}" for name, count in topic.where)
    return [
        masked_text(topic.title), " ".join(topic.words), topic.count, round(topic.expected, 2), round(topic.growth, 2),
        _("Yes") if topic.hot else "", where, topic.repeated, " ".join(topic.numbers[:MOST_NUMBERS]),
    ]  # fmt: skip
