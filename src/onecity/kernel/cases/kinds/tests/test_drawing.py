"""Drawings of states: every state and step is there, labels lie apart, and texts break where they have to."""

from onecity.kernel.cases import catalogue
from onecity.kernel.cases.kinds import describing
from onecity.kernel.cases.kinds.logic.drawing import LANE, WIDE, width_of, wrapped


def test_every_kind_that_ships_is_drawn_whole() -> None:
    for definition in catalogue.shipped().definitions.values():
        drawn = describing.drawing(definition)
        assert [box.name for box in drawn.boxes] == [state.name for state in definition.states]
        near = sum(
            len(step.sources) == 1 and names.index(step.target) == names.index(step.sources[0]) + 1
            for names in [[state.name for state in definition.states]]
            for step in definition.transitions
        )
        assert len(drawn.lanes) == len(definition.transitions) - near
        assert sum(len(lane.leaves) for lane in drawn.lanes) + near == sum(
            len(step.sources) for step in definition.transitions
        )
        assert all(lane.x + LANE // 2 <= drawn.width and lane.bottom <= drawn.height for lane in drawn.lanes)
        # lanes of one column never share a stretch
        for one in drawn.lanes:
            others = [lane for lane in drawn.lanes if lane.x == one.x and lane is not one]
            assert all(lane.top > one.bottom or lane.bottom < one.top for lane in others)


def test_labels_break_between_words_and_inside_long_ones() -> None:
    assert wrapped("Close") == ["Close"]
    assert wrapped("Send back: not done") == ["Send back: not", "done"]
    assert wrapped("转交区级城市运行管理中心") == ["转交区级城市运行", "管理中心"]
    assert all(width_of(line) <= WIDE for line in wrapped("Donaudampfschifffahrtsgesellschaft am Ufer"))
    assert "".join(wrapped("abcdefghijklmnopqrstuvwxyz")) == "abcdefghijklmnopqrstuvwxyz"
