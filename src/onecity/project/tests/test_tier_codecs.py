"""Codecs on their way down: what the district has in use is used in the town, and the town's drafts stay drafts."""

from typing import Any

import pytest

from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry.models import CodecVersion
from onecity.kernel.telemetry.tests.codec_documents import HJ212, LHT65
from onecity.kernel.tiers.peers import Joined
from onecity.project import tiers

pytestmark = pytest.mark.django_db
DISTRICT = "adm/990101/"
TOWN = Joined("990101001", True, "adm/990101/990101001/", new_id())


def versions(name: str) -> list[tuple[int, str, str]]:
    rows = CodecVersion.objects.filter(name=name).order_by("version")
    return list(rows.values_list("version", "status", "division_path"))


def test_codecs_of_the_district_are_used_in_the_town_once_and_drafts_stay() -> None:
    CodecVersion.objects.create(
        name=LHT65["name"], version=1, definition=LHT65, status="draft", division_path=TOWN.division_path
    )
    content: list[dict[str, Any]] = [{"definition": one, "division_path": DISTRICT} for one in (LHT65, HJ212)]
    for _twice in range(2):
        tiers._take_codecs(TOWN, content)
    assert versions(LHT65["name"]) == [(1, "draft", TOWN.division_path), (2, "published", DISTRICT)]
    assert versions(HJ212["name"]) == [(1, "published", DISTRICT)]
    assert tiers._codecs(TOWN) == sorted(content, key=lambda one: one["definition"]["name"])
    tiers._take_codecs(TOWN, [{"definition": LHT65 | {"title": "New"}, "division_path": DISTRICT}])
    assert [row[1] for row in versions(LHT65["name"])] == ["draft", "retired", "published"]


def test_a_codec_that_cannot_be_used_does_not_stop_the_others() -> None:
    broken = {"definition": LHT65 | {"vectors": "none"}, "division_path": DISTRICT}
    tiers._take_codecs(TOWN, [broken, {"definition": HJ212, "division_path": DISTRICT}])
    assert versions(LHT65["name"]) == []
    assert versions(HJ212["name"]) == [(1, "published", DISTRICT)]
