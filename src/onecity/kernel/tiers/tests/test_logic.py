"""The rules of the tiers without a database: merging, policies, envelopes, and the text of the brokers' configuration."""

import itertools
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.tiers.logic import brokers, envelope, keys, names
from onecity.kernel.tiers.logic.brokers import Parent
from onecity.kernel.tiers.logic.envelope import Envelope
from onecity.kernel.tiers.logic.merging import Verdict, Write, judge
from onecity.kernel.tiers.logic.policies import AGGREGATE, ALL, NONE, Line, Policies

SENDER = UUID("0195c1d0-0000-7000-8000-000000000001")
HOME = "990101001"


def test_a_write_that_knew_of_ours_follows_it() -> None:
    assert judge(Write("a", 10, HOME), Write("b", 20, "district"), 10, HOME) is Verdict.TAKE


def test_a_write_that_did_not_know_of_ours_is_a_conflict_that_the_later_one_wins() -> None:
    assert judge(Write("a", 10, HOME), Write("b", 20, "district"), 5, HOME) is Verdict.TAKE_OVER
    assert judge(Write("a", 30, HOME), Write("b", 20, "district"), 5, HOME) is Verdict.KEEP


def test_at_the_same_time_the_home_holds() -> None:
    assert judge(Write("a", 20, HOME), Write("b", 20, "district"), 5, HOME) is Verdict.KEEP
    assert judge(Write("a", 20, "district"), Write("b", 20, HOME), 5, HOME) is Verdict.TAKE_OVER


def test_the_same_value_and_the_same_write_are_no_conflict() -> None:
    assert judge(Write("a", 10, HOME), Write("a", 20, "district"), 5, HOME) is Verdict.SAME
    assert judge(Write("a", 10, HOME), Write("a", 10, HOME), 5, HOME) is Verdict.KNOWN
    assert judge(Write(None, 0, ""), Write("b", 20, "district"), 5, HOME) is Verdict.TAKE


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 3), st.integers(0, 3))
def test_both_sides_decide_the_same_whatever_the_clocks_say(
    at_town: int, at_district: int, known: int, base: int
) -> None:
    town, district = Write("town", at_town, HOME), Write("district", at_district, "district")
    here, there = judge(town, district, base, HOME), judge(district, town, known, HOME)
    if not (here.is_conflict and there.is_conflict):
        return
    assert here.is_taken != there.is_taken


def test_the_most_exact_line_of_a_policy_decides() -> None:
    lines = [
        Line("readings", "", "", "", ALL),
        Line("readings", "Meter", "", "", NONE),
        Line("readings", "Meter", "flow", "", AGGREGATE, 600),
        Line("readings", "Meter", "flow", "m-7", ALL),
        Line("entities", "Camera", "", "", NONE),
    ]
    for shuffled in itertools.islice(itertools.permutations(lines), 20):
        policies = Policies(shuffled)
        assert policies.of_series("Meter", "level", "m-1").sharing == NONE
        assert policies.of_series("Meter", "flow", "m-1") == lines[2]
        assert policies.of_series("Meter", "flow", "m-7").sharing == ALL
        assert policies.of_series("Air", "pm2_5", "a").sharing == ALL
        assert policies.of_series("Camera", "count", "c").sharing == NONE
    assert Policies().of_series("Air", "pm2_5", "a").sharing == ALL


@given(
    st.lists(
        st.tuples(st.integers(0, 2**31 - 1), st.integers(-(2**62), 2**62), st.floats(allow_nan=False)), max_size=50
    )
)
def test_readings_travel_unchanged(rows: list[tuple[int, int, float]]) -> None:
    batch = Batch(
        np.array([row[0] for row in rows], np.int32),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
    )
    back = envelope.unpack_readings(envelope.pack_readings(batch))
    assert back.series_id.tolist() == batch.series_id.tolist()
    assert back.observed_at.tolist() == batch.observed_at.tolist()
    assert back.value.tolist() == batch.value.tolist()


def test_an_envelope_says_whose_it_is_and_its_number() -> None:
    written = Envelope(SENDER, 7, envelope.JSON, envelope.pack_json({"kind": "case"})).write()
    found = envelope.read(written)
    assert (found.sender, found.number, envelope.unpack_json(found.content)) == (SENDER, 7, {"kind": "case"})


@given(st.binary(max_size=60))
def test_what_is_no_envelope_is_a_clear_error(data: bytes) -> None:
    try:
        found = envelope.read(data)
    except ValueError:
        return
    assert found.number >= 1


def test_readings_that_are_cut_off_or_inflate_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="inflated"):
        envelope.unpack_readings(b"nothing of the kind")
    whole = envelope.pack_readings(Batch(np.zeros(9, np.int32), np.zeros(9, np.int64), np.zeros(9)))
    with pytest.raises(ValueError, match="cut off"):
        envelope.unpack_readings(whole[:-6])
    monkeypatch.setattr(envelope, "MOST_BYTES", 100)
    with pytest.raises(ValueError, match="too many"):
        envelope.unpack_readings(whole)


def test_a_town_may_use_its_own_subjects_only() -> None:
    rights = names.town_rights("990101001")
    every = [subject for subjects in rights.values() for subject in subjects]
    assert all("990101001" in subject for subject in every)
    assert not any(subject.startswith((">", "*")) for subject in every)
    text = brokers.towns_file("secret", [("990101001", "UKEY")])
    assert 'nkey: UKEY, permissions: { publish: { allow: ["tier.990101001.hello"' in text
    with pytest.raises(ValueError, match="cannot name a town"):
        brokers.towns_file("secret", [("a.>", "UKEY")])


def test_keys_are_made_from_the_one_secret_and_differ() -> None:
    assert keys.public("secret", 0) == keys.public("secret", 0)
    assert len({keys.public("secret", slot) for slot in range(8)}) == 8
    assert keys.public("secret", 0).startswith("U")
    assert keys.seed("secret", 0).startswith("SU")


def test_the_town_reaches_its_district_by_the_address_it_was_given() -> None:
    plain = brokers.town(Parent("nats://district.example:4229", "990101001", "SUSEED"), "password")
    assert 'url: "nats-leaf://district.example:4229", account: TIERS, nkey: "SUSEED"' in plain.blocks
    assert plain.domain == "town-990101001"
    authority = Path("/etc/ca.pem")
    secure = brokers.town(Parent("tls://district.example:4229", "990101001", "SUSEED", authority), "password")
    assert 'url: "tls://district.example:4229"' in secure.blocks
    assert 'tls { ca_file: "/etc/ca.pem" }' in secure.blocks
    for wrong in ("district.example", "http://x:1", 'nats://a"b:1'):
        with pytest.raises(ValueError, match="looks like"):
            brokers.town(Parent(wrong, "990101001", "SUSEED"), "password")
