"""The rules of the four modes (4.3.6), whatever is registered."""

from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.twin.ngsild.federation.distributing import planning
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, NOTHING, Names, only
from onecity.kernel.twin.ngsild.federation.index import Index
from onecity.kernel.twin.ngsild.federation.registration import EntityInfo, Information, Registration

ATTRIBUTES = ("a", "b", "c", "d")
URNS = ("urn:x:1", "urn:x:2")
TYPES = ("T", "U")
MODES = ("exclusive", "redirect", "inclusive", "auxiliary")
OPERATION = "createEntity"

names = st.builds(Names, st.frozensets(st.sampled_from(ATTRIBUTES)), st.booleans())
infos = st.builds(
    EntityInfo,
    st.none() | st.sampled_from(URNS),
    st.none() | st.sampled_from(["1$", "x"]),
    st.lists(st.sampled_from(TYPES), max_size=2, unique=True).map(tuple),
)
information = st.builds(
    Information,
    st.lists(infos, max_size=2).map(tuple),
    st.frozensets(st.sampled_from(ATTRIBUTES), max_size=2),
    st.frozensets(st.sampled_from(ATTRIBUTES), max_size=1),
)
registrations = st.lists(
    st.builds(
        Registration,
        id=st.uuids().map(lambda one: f"urn:uuid:{one}"),
        tenant=st.just(""),
        endpoint=st.just("http://x"),
        mode=st.sampled_from(MODES),
        operations=st.sampled_from([frozenset({OPERATION}), frozenset()]),
        information=st.lists(information, min_size=1, max_size=2).map(tuple),
    ),
    max_size=5,
)


@given(names, names, st.sampled_from([*ATTRIBUTES, "other"]))
def test_names_are_sets(one: Names, two: Names, name: str) -> None:
    assert (name in (one & two)) == (name in one and name in two)
    assert (name in (one | two)) == (name in one or name in two)
    assert (name in (one - two)) == (name in one and name not in two)
    assert bool(one) == (one != NOTHING)


@given(
    registrations,
    st.sampled_from(URNS),
    st.sampled_from([(), ("T",), ("T", "U")]),
    st.sets(st.sampled_from(ATTRIBUTES), min_size=1),
)
def test_a_write_is_divided_after_the_modes(
    registered: list[Registration], urn: str, types: tuple[str, ...], written: set[str]
) -> None:
    division = planning.write(registered, urn, types, only(written), OPERATION)
    covers = {one.id: planning.covered(one, urn, types) for one in registered}
    shares = {share.registration.id: share for share in division.shares}
    for one in registered:
        share = shares.get(one.id)
        told = set() if share is None else {name for name in written if name in share.names}
        exclusive = {n for n in written if any(n in covers[o.id] for o in registered if o.mode == "exclusive")}
        redirect = {n for n in written if any(n in covers[o.id] for o in registered if o.mode == "redirect")}
        own = {name for name in written if name in covers[one.id]}
        expected = {
            "exclusive": own,
            "redirect": own - exclusive,
            "inclusive": own - exclusive - redirect if OPERATION in one.operations else set(),
            "auxiliary": set(),
        }[one.mode]
        assert told == expected
        assert share is None or share.supported == (OPERATION in one.operations)
        assert share is None or share.names
    local = {name for name in written if name in division.local}
    assert local == written - exclusive_or_redirect(registered, covers, written)
    assert division.here == bool(local)


def exclusive_or_redirect(registered: list[Registration], covers: dict[str, Names], written: set[str]) -> set[str]:
    return {n for n in written if any(n in covers[o.id] for o in registered if o.mode in planning.PROXIED)}


@given(registrations, st.sampled_from(URNS), st.sampled_from([(), ("U",)]), names)
def test_a_read_takes_each_attribute_from_who_may_say_it(
    registered: list[Registration], urn: str, types: tuple[str, ...], wanted: Names
) -> None:
    division = planning.read(registered, urn, types, wanted, OPERATION)
    own = planning.owners(registered, urn, types)
    assert division.local == wanted & own["inclusive"]
    for share in division.shares:
        assert share.names == planning.covered(share.registration, urn, types) & own[share.registration.mode] & wanted
        assert OPERATION in share.registration.operations
    for name in ATTRIBUTES:
        held = [one.mode for one in registered if name in planning.covered(one, urn, types)]
        asked = {share.registration.mode for share in division.shares if name in share.names}
        if "exclusive" in held:
            assert asked <= {"exclusive"}
            assert name not in division.local
        elif "redirect" in held:
            assert asked <= {"redirect"}
            assert name not in division.local


@given(registrations, st.sampled_from(URNS), st.sampled_from([(), ("T",), ("T", "U")]))
def test_the_index_misses_nobody(registered: list[Registration], urn: str, types: tuple[str, ...]) -> None:
    found = {one.id for one in Index(registered).candidates((urn,), types)}
    assert found >= {one.id for one in registered if planning.covered(one, urn, types)}


def test_an_entity_without_attributes_goes_to_who_holds_it_whole() -> None:
    whole = Registration(
        "r", "", "http://x", "redirect", frozenset({OPERATION}), (Information((EntityInfo(types=("T",)),)),)
    )
    division = planning.write([whole], URNS[0], ("T",), NOTHING, OPERATION)
    assert [share.registration.id for share in division.shares] == ["r"]
    assert not division.here
    assert planning.write([whole], URNS[0], ("V",), NOTHING, OPERATION) == planning.Division((), NOTHING, here=True)
    deleted = planning.write([whole], URNS[0], ("T",), EVERYTHING, OPERATION)
    assert deleted.shares[0].names == EVERYTHING


def test_looking_up_among_ten_thousand_is_not_linear() -> None:
    many = [
        Registration(
            f"r{i}", "", "http://x", "inclusive", frozenset(), (Information((EntityInfo(f"urn:x:{i}", None, ("T",)),)),)
        )
        for i in range(10_000)
    ]
    assert [one.id for one in Index(many).candidates(("urn:x:77",), ("T",))] == ["r77"]
