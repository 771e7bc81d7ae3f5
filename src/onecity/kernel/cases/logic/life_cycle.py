"""The state machine: which steps a state allows, and what a history of steps adds up to."""

from collections.abc import Iterable

from onecity.kernel.cases.logic.definition import Definition, Transition


class NotAllowedError(ValueError):
    """The step does not start from the state the case is in."""

    def __init__(self, state: str, action: str) -> None:
        super().__init__(f"{action!r} is not possible from {state!r}")
        self.state = state
        self.action = action


def allowed(definition: Definition, state: str) -> tuple[Transition, ...]:
    """The steps that may follow in this state, in declared order."""
    return tuple(t for t in definition.transitions if state in t.sources)


def step(definition: Definition, state: str, action: str) -> Transition:
    """The transition that `action` takes from `state`; raises NotAllowedError."""
    transition = definition.transition(action)
    if transition is None or state not in transition.sources:
        raise NotAllowedError(state, action)
    return transition


def fold(definition: Definition, actions: Iterable[str]) -> str:
    """The state after these actions, oldest first, from the initial one; actions that are no transition change nothing.

    Raises NotAllowedError where the history breaks the declaration.
    """
    state = definition.initial
    for action in actions:
        if definition.transition(action) is not None:
            state = step(definition, state, action).target
    return state


def follows(history: Iterable[tuple[str, str]]) -> bool:
    """Whether each (from, to) pair of a history begins where the one before it ended, the first one from nothing."""
    at = ""
    for source, target in history:
        if source != at:
            return False
        at = target
    return bool(at)
