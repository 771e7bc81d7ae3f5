"""A finite automaton for one pattern (Thompson 1968): one step for each character, states made when they are first needed."""

from collections.abc import Iterable

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.query.limits import PATTERN_STATES
from onecity.kernel.twin.ngsild.query.pattern_parsing import Anchor, Chars, Choice, Node, Repeat, Sequence
from onecity.kernel.twin.ngsild.query.problems import BadQuery

States = frozenset[int]
REMEMBERED = 4_096  # transitions kept; beyond that they are forgotten and made again


class Automaton:
    """States are numbers; from each goes either one step over characters, or any number of free steps."""

    def __init__(self, tree: Node, parameter: str) -> None:
        self._parameter = parameter
        self._over: list[tuple[Chars, int] | None] = []
        self._free: list[list[tuple[str, int]]] = []  # "" always, "^" at the beginning, "$" at the end
        start, self._accepting = self._state(), self._state()
        self._build(tree, start, self._accepting)
        self._first = self._closure([start], "^")
        self._again = self._closure([start], "")
        self._accepts_nothing = self._accepting in self._closure([start], "^$")
        self._steps: dict[tuple[States, str], States] = {}
        self._ends: dict[States, bool] = {}

    def search(self, text: str) -> bool:
        """Tell whether a part of `text` is accepted, in time linear in its length."""
        states = self._first
        steps = self._steps
        for char in text:
            if self._accepting in states:
                return True
            following = steps.get((states, char))
            states = self._step(states, char) if following is None else following
        return self._accepts_at_end(states) if text else self._accepts_nothing

    def _accepts_at_end(self, states: States) -> bool:
        found = self._ends.get(states)
        if found is None:
            found = self._accepting in self._closure(states, "$")
            self._ends[states] = found
        return found

    def _step(self, states: States, char: str) -> States:
        reached = []
        for state in states:
            over = self._over[state]
            if over is not None and any(low <= char <= high for low, high in over[0].ranges) != over[0].negated:
                reached.append(over[1])
        following = self._closure(reached, "") | self._again
        if len(self._steps) >= REMEMBERED:
            self._steps.clear()
            self._ends.clear()
        self._steps[states, char] = following
        return following

    def _closure(self, states: Iterable[int], anchors: str) -> States:
        seen = set(states)
        waiting = list(seen)
        while waiting:
            for anchor, target in self._free[waiting.pop()]:
                if anchor in anchors and target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return frozenset(seen)

    def _state(self) -> int:
        if len(self._over) >= PATTERN_STATES:
            raise BadQuery(self._parameter, _("The regular expression is too large: its repetitions multiply."))
        self._over.append(None)
        self._free.append([])
        return len(self._over) - 1

    def _build(self, node: Node, start: int, end: int) -> None:
        if isinstance(node, Chars):
            inner = self._state()
            self._free[start].append(("", inner))
            self._over[inner] = (node, end)
        elif isinstance(node, Anchor):
            self._free[start].append(("$" if node.end else "^", end))
        elif isinstance(node, Sequence):
            for part in node.parts:
                following = self._state()
                self._build(part, start, following)
                start = following
            self._free[start].append(("", end))
        elif isinstance(node, Choice):
            for branch in node.branches:
                self._build(branch, start, end)
        else:
            self._repeat(node, start, end)

    def _repeat(self, node: Repeat, start: int, end: int) -> None:
        for _turn in range(node.least):
            following = self._state()
            self._build(node.node, start, following)
            start = following
        if node.most is None:
            loop = self._state()
            self._free[start].append(("", loop))
            back = self._state()
            self._build(node.node, loop, back)
            self._free[back].append(("", loop))
            self._free[loop].append(("", end))
            return
        for _turn in range(node.most - node.least):
            self._free[start].append(("", end))
            following = self._state()
            self._build(node.node, start, following)
            start = following
        self._free[start].append(("", end))
