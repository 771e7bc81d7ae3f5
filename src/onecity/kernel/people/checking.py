"""Who is asked whether a number and a name belong together: a register, named by whoever brings one."""

from typing import Protocol

from onecity.kernel.people.models import Account


class Register(Protocol):
    """Answers for one authority; a failure to answer is raised as a problem (503)."""

    def __call__(self, account: Account, number: str, name: str) -> bool:
        """Whether the register knows this number under this name; `account` is on whose behalf it is asked."""
        ...


_registers: list[Register] = []


def bring(register: Register) -> None:
    """Name the register; raises ValueError for a second one, since two could contradict each other."""
    if _registers and _registers[0] is not register:
        raise ValueError("a register of persons was brought already")
    _registers[:] = [register]


def register() -> Register | None:
    """The register, or None where identities are confirmed at counters only."""
    return _registers[0] if _registers else None
