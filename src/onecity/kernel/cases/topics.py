"""Hot topics: what many people report in a period, where, and what there is more of than before."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from onecity.kernel.cases import presentation, visibility
from onecity.kernel.cases.logic.text import topics as logic
from onecity.kernel.cases.logic.text.grams import grams
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

# a topic is compared with so many earlier periods of the same length
PERIODS: Final = 4
MOST: Final = 2000
MOST_TOPICS: Final = 20
EXAMPLES: Final = 5
# more than chance: one in a hundred
HOT: Final = 0.01
TOWN: Final = 3
FIELDS = ("id", "number", "title", "description", "division_path", "type_name", "reporter_shown", "opened_at")


@dataclass(frozen=True)
class Shown:
    """A topic as the page shows it: how many now and usually, where most of them are, how many were told again by the same
    reporter for the same kind in the same place, and some of its cases; `numbers` are those of all of them."""

    words: tuple[str, ...]
    title: str
    count: int
    expected: float
    growth: float
    hot: bool
    where: tuple[tuple[str, int], ...]
    repeated: int
    cases: Sequence[presentation.Row]
    numbers: Sequence[str]


@dataclass(frozen=True)
class Found:
    """The topics of a period, and of how many cases they were found (`cut`: the newest of more)."""

    topics: Sequence[Shown]
    looked_at: int
    cut: bool


def topics(account: Account, days: int, place: str = "") -> Found:
    """The topics of the last `days` among the cases that this person may see, under `place`; the hottest first."""
    end = now()
    start = end - dt.timedelta(days=days)
    current = _texts(account, start, end, place, MOST)
    before = _texts(account, start - PERIODS * dt.timedelta(days=days), start, place, PERIODS * MOST)
    found = logic.topics([_gram(case) for case in current], [_gram(case) for case in before], PERIODS)[:MOST_TOPICS]
    shown = [_shown(topic, [current[i] for i in topic.members]) for topic in found]
    return Found(shown, len(current), len(current) == MOST)


def _texts(account: Account, since: dt.datetime, until: dt.datetime, place: str, most: int) -> list[Case]:
    # what the platform itself put into words is alike by making, not because people speak of it
    rows = Case.objects.filter(
        opened_at__gte=since, opened_at__lt=until, said={}, parent__isnull=True, division_path__startswith=place
    )
    return list(visibility.visible(rows, account).order_by("-opened_at", "-id").only(*FIELDS)[:most])


def _gram(case: Case) -> Counter[str]:
    return grams(f"{case.title}\n{case.description}")


def _shown(topic: logic.Topic, cases: Sequence[Case]) -> Shown:
    towns = Counter("/".join(case.division_path.split("/")[:TOWN]) + "/" for case in cases)
    told = Counter((case.reporter_shown, case.type_name, case.division_path) for case in cases if case.reporter_shown)
    examples = Case.objects.defer("search").in_bulk([case.id for case in cases[:EXAMPLES]])
    return Shown(
        words=topic.words,
        title=cases[0].title,
        count=len(cases),
        expected=topic.expected,
        growth=topic.growth,
        hot=topic.chance < HOT,
        where=tuple((places.title_for(path), count) for path, count in towns.most_common(3)),
        repeated=sum(count - 1 for count in told.values()),
        cases=presentation.rows([examples[case.id] for case in cases[:EXAMPLES] if case.id in examples]),
        numbers=[case.number for case in cases],
    )
