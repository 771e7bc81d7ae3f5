"""The states of a kind as a drawing: one below the other as declared, usual steps between neighbours, all others in lanes.

A lane belongs to one step: a dot at each state from which it may be taken, an arrow into the state to which it leads. So
a step that is possible from six states is one line with one label, and no two lines cross a label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from onecity.kernel.cases.logic.definition import Definition, Transition

ROW: Final = 74
BOX: Final = (176, 38)
LEFT: Final = 8
LANE: Final = 122
FIRST_LANE: Final = 72
LINE: Final = 15
# so many half-width characters fit into one line of a lane's label
WIDE: Final = 17


@dataclass(frozen=True)
class Box:
    """A state: its upper left corner, what it is called, and whether a case begins or ends there."""

    name: str
    title: str
    x: int
    y: int
    initial: bool
    final: bool

    @property
    def middle(self) -> int:
        """Half-way down."""
        return self.y + BOX[1] // 2


@dataclass(frozen=True)
class Arrow:
    """Steps from a state to the next one: where the arrow begins and ends, and their labels one below the other."""

    x: int
    top: int
    bottom: int
    labels: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class Lane:
    """A step with its own line: where it runs, the states it leaves, the one it enters, and its label in lines."""

    x: int
    top: int
    bottom: int
    leaves: Sequence[int]
    enters: int
    labels: Sequence[tuple[int, str]]
    danger: bool


@dataclass(frozen=True)
class Drawing:
    """Everything to draw, in pixels."""

    width: int
    height: int
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    lanes: Sequence[Lane]
    box_width: int = BOX[0]
    box_height: int = BOX[1]

    @property
    def edge(self) -> int:
        """Where the boxes end and the lanes' lines begin."""
        return LEFT + BOX[0]


def draw(definition: Definition, titles: Mapping[str, str]) -> Drawing:
    """The drawing of a definition; `titles` are those of its states and steps, by `state.<name>` and `step.<name>`."""
    boxes = [
        Box(s.name, titles[f"state.{s.name}"], LEFT, 8 + i * ROW, s.name == definition.initial, s.final)
        for i, s in enumerate(definition.states)
    ]
    rows = {box.name: i for i, box in enumerate(boxes)}
    near = [t for t in definition.transitions if _is_next(t, rows)]
    arrows = [
        Arrow(
            LEFT + BOX[0] // 2,
            boxes[row].y + BOX[1],
            boxes[row + 1].y,
            _stacked([titles[f"step.{t.name}"] for t in near if rows[t.sources[0]] == row], boxes[row].y + BOX[1] + 22),
        )
        for row in sorted({rows[t.sources[0]] for t in near})
    ]
    lanes = _lanes([t for t in definition.transitions if not _is_next(t, rows)], rows, boxes, titles)
    right = max((lane.x for lane in lanes), default=LEFT + BOX[0])
    return Drawing(right + (LANE // 2 if lanes else 60) + LEFT, boxes[-1].y + BOX[1] + 8, boxes, arrows, lanes)


def _is_next(step: Transition, rows: Mapping[str, int]) -> bool:
    return len(step.sources) == 1 and rows[step.target] == rows[step.sources[0]] + 1


def _lanes(
    steps: Sequence[Transition], rows: Mapping[str, int], boxes: Sequence[Box], titles: Mapping[str, str]
) -> list[Lane]:
    spans = {t.name: (min(places := [rows[t.target], *(rows[s] for s in t.sources)]), max(places)) for t in steps}
    taken: list[list[tuple[int, int]]] = []
    found = []
    # short ones first, near the states
    for step in sorted(steps, key=lambda t: (spans[t.name][1] - spans[t.name][0], spans[t.name][0])):
        low, high = spans[step.name]
        column = next((i for i, used in enumerate(taken) if all(high < a or low > b for a, b in used)), len(taken))
        if column == len(taken):
            taken.append([])
        taken[column].append((low, high))
        found.append(_lane(step, column, rows, boxes, titles))
    return found


def _lane(
    step: Transition, column: int, rows: Mapping[str, int], boxes: Sequence[Box], titles: Mapping[str, str]
) -> Lane:
    # leaving lines lie a little above the middle and entering ones a little below: they never hide each other
    leaves = sorted(boxes[rows[name]].middle - 7 for name in step.sources)
    enters = boxes[rows[step.target]].middle + 7
    top, bottom = min(*leaves, enters), max(*leaves, enters)
    lines = wrapped(titles[f"step.{step.name}"])
    start = (top + bottom) // 2 - (len(lines) - 1) * LINE // 2 + 4
    if bottom - top < ROW // 2:
        start = bottom + LINE
    x = LEFT + BOX[0] + FIRST_LANE + column * LANE
    return Lane(x, top, bottom, leaves, enters, _stacked(lines, start), step.weight == "danger")


def _stacked(lines: Sequence[str], top: int) -> list[tuple[int, str]]:
    return [(top + i * LINE, line) for i, line in enumerate(lines)]


def width_of(text: str) -> int:
    """How many half-width characters a text takes; those of Chinese are twice as wide."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


def wrapped(text: str) -> list[str]:
    """The text in lines that fit into a lane, broken between words, or anywhere where there are none."""
    lines = [""]
    for word in text.split(" "):
        piece = word
        joined = f"{lines[-1]} {piece}".strip()
        if width_of(joined) <= WIDE:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        while width_of(piece) > WIDE:
            cut = next(i for i in range(len(piece), 0, -1) if width_of(piece[:i]) <= WIDE)
            lines[-1], piece = piece[:cut], piece[cut:]
            lines.append("")
        lines[-1] = piece
    return lines
