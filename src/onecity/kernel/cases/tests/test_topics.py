"""Topics: alike texts come together, growth is judged by chance, and nobody sees topics of cases that he may not see."""

import datetime as dt
import math
from io import BytesIO

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.cases import service, topics
from onecity.kernel.cases.logic.text import topics as logic
from onecity.kernel.cases.logic.text.grams import grams
from onecity.kernel.cases.tests.conftest import MONDAY, VILLAGE_A, VILLAGE_B, Town, litter

LAMPS = ("人民路路灯不亮", "人民路的路灯又不亮了", "人民路路灯不亮晚上很黑", "路灯不亮，人民路一片漆黑")
DOGS = ("流浪狗在小区里追人", "小区里有流浪狗追人", "流浪狗追着小孩咬", "小区流浪狗追人咬人")


def test_poissons_tail() -> None:
    assert logic.chance_of_so_many(0, 2.0) == 1.0
    assert logic.chance_of_so_many(1, 2.0) == pytest.approx(1 - math.exp(-2))
    assert logic.chance_of_so_many(3, 1.0) == pytest.approx(1 - 2.5 * math.exp(-1))


def test_groups_are_those_of_dbscan() -> None:
    near = np.eye(7, dtype=bool)
    for i, j in ((0, 1), (1, 2), (0, 2), (2, 3), (4, 5)):
        near[i, j] = near[j, i] = True
    assert logic.groups(near).tolist() == [0, 0, 0, 0, -1, -1, -1]


def test_alike_texts_are_one_topic_and_growth_is_against_the_weeks_before() -> None:
    now = [grams(t) for t in (*LAMPS, *DOGS, "请问怎么办居住证")]
    found = logic.topics(now, [grams(t) for t in LAMPS * 4], 4)
    assert [set(topic.members) for topic in found] == [{4, 5, 6, 7}, {0, 1, 2, 3}]
    dogs, lamps = found
    assert (dogs.expected, dogs.growth) == (0.0, 8.0)
    assert dogs.chance < 0.01
    assert lamps.expected == pytest.approx(4, abs=1)
    assert lamps.chance > 0.3
    assert any("狗" in word for word in dogs.words)
    assert logic.topics(now[:2], [], 4) == []


@pytest.mark.django_db
def test_the_page_shows_hot_topics_with_places_to_those_who_may_see_them(town: Town, client: Client) -> None:
    hour = dt.timedelta(hours=1)
    service.open_cases(
        [litter(title=t, division_path=VILLAGE_A, opened_at=MONDAY - hour) for t in LAMPS]
        + [litter(title=t, division_path=VILLAGE_B, opened_at=MONDAY - hour) for t in DOGS]
    )
    both = topics.topics(town["dispatcher"], 7).topics
    assert sorted(topic.count for topic in both) == [4, 4]
    assert all(topic.hot for topic in both)
    assert both[0].where[0][1] == 4
    assert [topic.title for topic in topics.topics(town["handler_b"], 7).topics] == [
        topic.title for topic in both if topic.title in DOGS
    ]
    client.force_login(town["handler_a"])
    page = client.get(reverse("cases:topics"), {"days": "30"}).content.decode()
    assert "路灯" in page
    assert "流浪狗" not in page
    # and as a workbook, which says who took it out, and is logged
    answer = client.get(reverse("cases:topics"), {"days": "30", "format": "xlsx"})
    sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
    assert sheet["A1"].value == str(town["handler_a"])
    assert (sheet.max_row, sheet["C3"].value) == (3, 4)
    assert len(str(sheet["I3"].value).split()) == 4
    assert AuditEvent.objects.filter(action="cases.topics.export", actor_id=town["handler_a"].id).count() == 1


@pytest.mark.django_db
def test_it_is_said_when_only_the_newest_were_looked_at(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "MOST", 3)
    service.open_cases([litter(title=t, opened_at=MONDAY - dt.timedelta(hours=1)) for t in LAMPS])
    found = topics.topics(town["dispatcher"], 7)
    assert (found.looked_at, found.cut) == (3, True)
