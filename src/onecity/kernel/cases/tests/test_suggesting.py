"""What texts suggest: the right kind with the words that decided, the office, only kinds in force; and what people chose."""

import datetime as dt
import time
from uuid import UUID

import numpy as np
import pytest

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import catalogue, changing, service, suggesting, text_models, training
from onecity.kernel.cases.logic.text import linear, measure
from onecity.kernel.cases.logic.text.grams import grams
from onecity.kernel.cases.models import SuggestionChosen, SuggestionShown, TextModel
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.tests.conftest import LONG_AGO, MONDAY, TOWN_A, VILLAGE_A, VILLAGE_B, Town, litter

pytestmark = pytest.mark.django_db
UNTIL = MONDAY + dt.timedelta(days=1)


@pytest.fixture
def city(town: Town) -> Town:
    catalogue.install(catalogue.shipped(), effective_from=LONG_AGO)
    return town


@pytest.mark.parametrize(
    ("text", "kind", "word"),
    [
        ("我家门口的路灯坏了三天，晚上一片漆黑", "street_lamp", "路灯"),
        ("楼下烧烤店油烟太大，开不了窗", "greasy_smoke", "油烟"),
        ("地铁口的共享单车乱停，堵得走不过去", "bikes", "共享"),
        ("半夜一点工地还在打桩，吵得睡不着", "night_work", "打桩"),
        ("人行道上的井盖没有了，老人差点掉进去", "manhole", "井盖"),
    ],
)
def test_a_text_suggests_its_kind_with_the_words_that_decided(city: Town, text: str, kind: str, word: str) -> None:
    first = suggesting.suggest(text, VILLAGE_A)[0]
    assert first.kind == kind
    assert first.organisation_id == city.bodies["a"].id
    assert 0.4 < first.confidence <= 1
    assert any(word in reason.word or reason.word in word for reason in first.because)
    assert [reason.weight for reason in first.because] == sorted((r.weight for r in first.because), reverse=True)


def test_nothing_is_suggested_for_nothing_nor_beyond_what_is_in_force_or_asked_for(city: Town) -> None:
    assert suggesting.suggest("", VILLAGE_A) == []
    assert suggesting.suggest("x", VILLAGE_A) == []
    assert suggesting.suggest("12345678 90", VILLAGE_A) == []
    found = suggesting.suggest("路灯不亮，井盖也破了", among={"manhole", "pothole"})
    assert found[0].kind == "manhole"
    assert {s.kind for s in found} <= {"manhole", "pothole"}
    assert all(s.organisation_id is None for s in found)


def test_kinds_that_nobody_published_are_not_suggested(town: Town) -> None:
    assert suggesting.suggest("路灯不亮", VILLAGE_A) == []


def test_key_words_decide_where_the_model_is_not_sure(city: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggesting, "UNSURE", 1.01)
    first = suggesting.suggest("这里的窨井盖", VILLAGE_A)[0]
    assert (first.kind, first.by_rules) == ("manhole", True)
    assert "窨井盖" in [reason.word for reason in first.because]


def test_a_suggestion_takes_less_than_five_milliseconds(city: Town) -> None:
    model, text = text_models.seed_model(), grams("我家门口的路灯坏了三天，晚上一片漆黑，老人走路不安全")
    model.reasons(text, "street_lamp")
    took = []
    for _n in range(20):
        began = time.perf_counter()
        shares = model.shares([text])[0]
        model.reasons(text, model.classes[int(shares.argmax())])
        took.append(time.perf_counter() - began)
    assert sorted(took)[10] < 0.005
    assert len(linear.to_bytes(model)) < 2_000_000


def test_a_resident_may_be_helped_and_what_he_chose_is_counted_once(city: Town, app_role: None) -> None:
    resident = city["nobody"]
    with acting_as(resident.id):
        shown = suggesting.show(suggesting.suggest("路灯不亮了", VILLAGE_A), VILLAGE_A)
        assert not SuggestionShown.objects.exists()  # nobody reads what others were shown without the right
        case = service.open_case(
            litter(type_name="street_lamp", title="路灯不亮了", reporter=Person(name="王小明", account_id=resident.id)),
            actor=None,
        )
        suggesting.chose(shown, case)
        suggesting.chose(shown, case)
        suggesting.chose(None, case)
    with acting_as(city["dispatcher"].id):
        assert SuggestionChosen.objects.count() == 1
        rate = suggesting.follow_rate(LONG_AGO, UNTIL)
        assert (rate.shown, rate.chosen, rate.first, rate.any_, rate.office, rate.rate) == (1, 1, 1, 1, 1, 1.0)


def test_the_follow_rate_counts_what_was_not_followed(city: Town) -> None:
    for kind in ("street_lamp", "noise_neighbour", "manhole"):
        shown = suggesting.show(suggesting.suggest("路灯不亮，线缆垂下来", VILLAGE_A), VILLAGE_A)
        suggesting.chose(shown, service.open_case(litter(type_name=kind, title=kind), actor=city["handler_a"]))
    suggesting.show(suggesting.suggest("路灯不亮", TOWN_A), TOWN_A)
    rate = suggesting.follow_rate(LONG_AGO, UNTIL, "adm/990100/")
    assert (rate.shown, rate.chosen, rate.first) == (4, 3, 1)
    assert suggesting.follow_rate(LONG_AGO, UNTIL, "adm/990100/990100002/").rate is None
    assert suggesting.follow_rate(UNTIL, UNTIL).shown == 0


def test_the_first_suggestion_of_a_process_is_there_at_once(city: Town) -> None:
    for one in (text_models.seed, text_models.seed_model, text_models.seed_precision):
        one.cache_clear()
    began = time.perf_counter()
    assert suggesting.suggest("路灯不亮", VILLAGE_A)[0].kind == "street_lamp"
    assert time.perf_counter() - began < 1.5


def close(number: int, title: str, kind: str, path: str, office: UUID | None = None) -> None:
    case = service.open_case(
        litter(type_name=kind, title=title, division_path=path, source_key=f"t:{number}", organisation_id=office)
    )
    case.closed_at = case.opened_at
    changing.save(case, changing.entry(case, None, "comment", "办结", {}))


def test_training_learns_from_closed_cases_what_the_seed_does_not_know(city: Town) -> None:
    text = "阿婆的猫爬到树上下不来"
    before = suggesting.suggest(text, VILLAGE_A)
    assert not before or before[0].kind != "hotline_urgent" or before[0].confidence < 0.4
    for number in range(12):
        close(number, f"猫爬到树上下不来{'啊' * (number % 3)}", "hotline_urgent", VILLAGE_A)
    figures = training.train(measured=False)
    assert figures["kind"]["cases"] == 12
    assert figures["kind"]["version"] == 1
    found = suggesting.suggest(text, VILLAGE_A)[0]
    assert found.kind == "hotline_urgent"
    assert any("猫" in reason.word for reason in found.because)
    assert training.train(measured=False)["kind"]["version"] == 1  # the same cases teach the same
    model = text_models.current(text_models.KIND)
    assert model is not None
    assert "阿婆" not in model.columns  # stands in no closed case


def test_the_office_is_learnt_from_who_settled_such_cases_and_measured_on_cases_held_back(
    city: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "FEWEST_FOR_OFFICES", 60)
    monkeypatch.setattr(training, "WAYS", ("centroids",))  # the descent takes long on the shipped sentences
    bodies = {name: city.bodies[name].id for name in ("a", "b", "district")}
    # in town A the district sees to lamps and the town to manholes, whatever the routes say; in town B it is the other way
    settled = {
        ("street_lamp", VILLAGE_A): "district",
        ("manhole", VILLAGE_A): "a",
        ("street_lamp", VILLAGE_B): "b",
        ("manhole", VILLAGE_B): "district",
    }
    words = {"street_lamp": ("路灯不亮", "路灯坏了很黑", "灯杆歪了"), "manhole": ("井盖没了", "窨井盖碎了", "井盖松动")}
    for number in range(64):
        (kind, path), office = list(settled.items())[number % 4]
        close(number, f"{words[kind][number % 3]}{'啊' * (number % 5)}", kind, path, bodies[office])
    figures = training.train()
    assert figures["kind"]["measured_on"] == "cases"
    assert figures["kind"]["top1"] == 1.0
    measured = figures["organisation"]
    assert (measured["texts"], measured["classes"], measured["top1"], measured["cases"]) == (64, 3, 1.0, 64)
    for (kind, path), office in settled.items():
        first = suggesting.suggest(words[kind][0], path)[0]
        assert (first.kind, first.organisation_id) == (kind, bodies[office])


def test_titles_and_key_words_weigh_more_than_a_sentence_and_scores_are_cosines() -> None:
    texts = [grams("灯"), grams("灯"), grams("水")]
    model = linear.centroids(texts, ["lamp", "lamp", "water"])
    assert model.scores([grams("灯")])[0] == pytest.approx([1.0, 0.0])
    mixed = [grams("灯"), grams("水"), grams("水")]
    even = linear.centroids(mixed, ["both", "both", "water"]).scores([grams("灯")])[0, 0]
    heavy = linear.centroids(mixed, ["both", "both", "water"], worth=[3.0, 1.0, 1.0]).scores([grams("灯")])[0, 0]
    assert (even, heavy) == (pytest.approx(np.sqrt(1 / 2)), pytest.approx(3 / np.sqrt(10)))
    with pytest.raises(ValueError, match="fewer than two"):
        linear.centroids(texts, ["lamp"] * 3)


def test_the_shipped_sentences_are_told_apart_as_well_as_the_documents_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "WAYS", ("centroids",))
    figures = training.measure_kinds([])
    assert figures["way"] == "centroids"
    assert figures["top1"] >= 0.78
    assert figures["top3"] >= 0.91
    assert figures["calibration_error"] < 0.1
    assert text_models.seed().temperature == pytest.approx(figures["temperature"], rel=0.05)


def test_a_damaged_model_is_refused(city: Town) -> None:
    row = text_models.store("kind", text_models.seed_model(), {})
    TextModel.objects.filter(id=row.id).update(digest="0" * 64)
    with pytest.raises(ValueError, match="damaged"):
        text_models.current("kind")


def test_a_model_is_the_same_after_it_was_stored() -> None:
    model = linear.learn([grams("路灯坏了"), grams("井盖破了"), grams("灯不亮")], ["lamp", "hole", "lamp"])
    read = linear.from_bytes(linear.to_bytes(model))
    assert read.classes == ("hole", "lamp")
    assert read.shares([grams("灯")])[0] == pytest.approx(model.shares([grams("灯")])[0], abs=1e-3)
    assert read.shares([grams("没见过")])[0].sum() == pytest.approx(1)


def test_cross_validation_is_exact_on_what_can_be_told_and_blind_on_what_cannot() -> None:
    texts = [
        grams(t)
        for t in ["红灯坏", "红灯灭", "红灯暗", "红灯闪", "红灯碎", "蓝水漏", "蓝水臭", "蓝水黑", "蓝水涨", "蓝水浑"]
    ]
    labels = ["lamp"] * 5 + ["water"] * 5
    found = measure.cross_validate(texts, labels)
    assert (found.texts, found.classes, found.top1, found.top3) == (10, 2, 1.0, 1.0)
    same = measure.cross_validate([grams("一样")] * 10, labels)
    assert same.top1 <= 0.5
    even, half = np.full(4, 0.5), np.array([True, True, False, False])
    assert measure.calibration_error(even, half) == 0.0
    assert measure.calibration_error(np.full(4, 0.9), half) == pytest.approx(0.4)
