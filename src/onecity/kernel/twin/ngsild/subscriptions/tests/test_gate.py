"""The gate to one receiver: it opens with answers and closes without, and gives every place back."""

import asyncio

from onecity.kernel.twin.ngsild.subscriptions.gate import LEAST, MOST, Gate


class Crowd:
    """Wants through a gate; each stays inside until it is let out."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.inside: list[tuple[int, asyncio.Event]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, number: int) -> None:
        first = len(self.tasks)
        self.tasks += [asyncio.ensure_future(self._through(first + one)) for one in range(number)]
        await self.turn()

    async def _through(self, number: int) -> None:
        leave = asyncio.Event()
        async with self.gate:
            self.inside.append((number, leave))
            await leave.wait()

    async def out(self, *, answered: bool) -> None:
        self.gate.judge(answered=answered)
        self.inside.pop(0)[1].set()
        await self.turn()

    async def turn(self) -> None:
        for _ in range(4):
            await asyncio.sleep(0)

    def numbers(self) -> list[int]:
        return [number for number, _leave in self.inside]


async def test_it_widens_with_answers_and_narrows_without() -> None:
    crowd = Crowd(Gate())
    await crowd.come(40)
    assert crowd.numbers() == [0, 1]
    await crowd.out(answered=True)
    assert crowd.numbers() == [1, 2, 3, 4]
    await crowd.out(answered=True)
    assert len(crowd.inside) == MOST
    for _ in range(3):
        await crowd.out(answered=False)
    assert len(crowd.inside) == MOST - 3
    while crowd.inside:
        assert crowd.numbers() == sorted(crowd.numbers())
        await crowd.out(answered=False)
        assert len(crowd.inside) <= MOST
    await asyncio.gather(*crowd.tasks)
    assert not crowd.gate.busy


async def test_who_gives_up_waiting_takes_no_place() -> None:
    gate = Gate()
    crowd = Crowd(gate)
    await crowd.come(4)
    crowd.tasks[2].cancel()
    await crowd.turn()
    await crowd.out(answered=False)
    assert crowd.numbers() == [1, 3]
    crowd.tasks[0].cancel()
    # cancelled in the very moment in which the place is given
    await crowd.come(1)
    crowd.inside.pop(0)[1].set()
    await asyncio.sleep(0)
    crowd.tasks[4].cancel()
    await crowd.turn()
    while crowd.inside:
        await crowd.out(answered=False)
    await asyncio.gather(*crowd.tasks, return_exceptions=True)
    assert not gate.busy
    await crowd.come(LEAST + 1)
    assert len(crowd.inside) == LEAST
    for task in crowd.tasks:
        task.cancel()
    await asyncio.gather(*crowd.tasks, return_exceptions=True)
    assert not gate.busy
