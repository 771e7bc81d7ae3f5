"""Modbus TCP: register maps read in as few requests as they allow, and turned into values as codecs do it.

MODBUS Application Protocol V1.1b3: at most 125 registers (6.3, 6.4) and 2,000 coils (6.1, 6.2) in one request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs import block as blocks
from onecity.kernel.telemetry.codecs.block import BytesBlock
from onecity.kernel.telemetry.codecs.declaration import CodecError, Field, Number, Where
from onecity.kernel.telemetry.codecs.decoding import measure
from onecity.kernel.telemetry.fieldbus import forms, writing
from onecity.kernel.telemetry.fieldbus.faults import Fault, SourceError
from onecity.kernel.telemetry.fieldbus.runner import Context
from onecity.kernel.telemetry.fieldbus.samples import Samples

MOST_REGISTERS, MOST_COILS = 125, 2000
WAY = "modbus"
ONE = np.ones(1, np.int64)


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring registers or coils, read with one request, and the points in them."""

    table: str
    unit_id: int
    start: int
    count: int
    points: tuple[forms.ModbusPoint, ...]


def registers(point: forms.ModbusPoint) -> int:
    """How many registers (or coils) a point takes."""
    return 1 if point.table in {"coil", "discrete"} else -(-forms.width_of(point) // 2)


def plan(points: Sequence[forms.ModbusPoint], gap: int) -> list[Block]:
    """The fewest requests that read all points, where at most `gap` registers lie unread between two."""
    blocks: list[Block] = []
    for point in sorted(points, key=lambda p: (p.table, p.unit_id, p.address)):
        end = point.address + registers(point)
        last = blocks[-1] if blocks else None
        most = MOST_COILS if point.table in {"coil", "discrete"} else MOST_REGISTERS
        near = last is not None and (last.table, last.unit_id) == (point.table, point.unit_id)
        if last is not None and near and point.address <= last.start + last.count + gap and end - last.start <= most:
            count = max(last.count, end - last.start)
            blocks[-1] = Block(last.table, last.unit_id, last.start, count, (*last.points, point))
        else:
            blocks.append(Block(point.table, point.unit_id, point.address, end - point.address, (point,)))
    return blocks


class ModbusDriver:
    """Asks one Modbus TCP server."""

    follows = False

    def __init__(self, context: Context) -> None:
        form = forms.check("modbus", context.source.settings)
        if not isinstance(form, forms.Modbus):
            raise SourceError(Fault.SETTINGS)
        self._context = context
        self._form = form
        self._blocks = plan(form.points, form.gap)
        self.commands = writing.commands(form.points)
        self._client = AsyncModbusTcpClient(
            form.host, port=form.port, framer=FramerType.SOCKET, timeout=form.timeout, retries=1, reconnect_delay=0
        )

    async def open(self) -> None:
        """Connect."""
        if not await self._client.connect():
            raise SourceError(Fault.UNREACHABLE, f"{self._form.host}:{self._form.port}")

    async def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    async def round(self) -> None:
        """Read every block once; what the server says that it does not have spoils nothing else."""
        samples, complaints = Samples(), list[str]()
        blocks, self._blocks = self._blocks, []
        for one in blocks:
            self._blocks += await self._read(one, samples, complaints)
        count = 0
        if len(samples):
            count, _refused = await self._context.entry.samples(WAY, self._context.source.device, samples)
        if complaints and not len(samples):
            raise SourceError(Fault.POINTS, "; ".join(complaints))
        self._context.state.succeeded(count, complaint="; ".join(complaints))

    async def command(self, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write the points of a command; what was written where. Raises CodecError where the device refuses."""
        written: dict[str, Any] = {}
        for point in self._form.points:
            if point.command == name:
                words = writing.registers_of(point, payload)
                await self._write(point, words)
                written[f"{point.table} {point.address}"] = words
        if not written:
            raise CodecError("name", _("No point of the source takes this command"))
        return {"written": written}

    async def _write(self, point: forms.ModbusPoint, words: list[int]) -> None:
        client = self._client
        try:
            if point.table == "coil":
                answer = await client.write_coil(point.address, bool(words[0]), device_id=point.unit_id)
            elif len(words) == 1:
                answer = await client.write_register(point.address, words[0], device_id=point.unit_id)
            else:
                answer = await client.write_registers(point.address, words, device_id=point.unit_id)
        except ModbusException as error:
            raise SourceError(Fault.TIMEOUT if client.connected else Fault.UNREACHABLE, str(error)) from error
        if answer.isError():
            where, code = f"{point.table} {point.address}", answer.exception_code
            raise CodecError(where, _("The device refuses it (exception {code})", code=code))

    async def _read(self, one: Block, samples: Samples, complaints: list[str]) -> list[Block]:
        """Read a block; the blocks to read in its place next time."""
        try:
            answer = await self._ask(one)
        except ModbusException as error:
            if not self._client.connected:
                raise SourceError(Fault.UNREACHABLE, str(error)) from error
            raise SourceError(Fault.TIMEOUT, str(error)) from error
        if answer.isError():
            if len(one.points) > 1:
                # a hole in the register map, perhaps: from now on each point by itself
                parts = [Block(p.table, p.unit_id, p.address, registers(p), (p,)) for p in one.points]
                for part in parts:
                    await self._read(part, samples, complaints)
                return parts
            complaints.append(f"{one.table} {one.start} ({one.unit_id}): exception {answer.exception_code}")
            return [one]
        self._values(one, answer, samples, complaints)
        return [one]

    async def _ask(self, one: Block) -> ModbusPDU:
        client = self._client
        read = {
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
        }[one.table]
        return await read(one.start, count=one.count, device_id=one.unit_id)

    def _values(self, one: Block, answer: ModbusPDU, samples: Samples, complaints: list[str]) -> None:
        observed_at = now_us()
        coils = one.table in {"coil", "discrete"}
        values = [int(bit) for bit in answer.bits] if coils else answer.registers
        if len(values) < one.count:
            raise SourceError(Fault.PROTOCOL, f"{len(values)} values instead of {one.count}")
        words = np.array(values[: one.count], ">u2").view(np.uint8)[None, :]
        part = BytesBlock(words, ONE, ONE)
        for point in one.points:
            found, states = measure(_field(point, one.start), part)
            if states[0] == blocks.THERE:
                samples.add(point.entity, point.attribute, point.unit, observed_at, float(found[0]))
            elif states[0] != blocks.NONE:
                complaints.append(f"{one.table} {point.address}: no {point.type}, or not in the table of values")


def _field(point: forms.ModbusPoint, start: int) -> Field:
    """A point as a field of the bytes of its block."""
    offset = 2 * (point.address - start)
    if point.table in {"coil", "discrete"}:
        number = Number(offset, "uint16", 2)
    else:
        width = forms.width_of(point)
        # one byte means the lower one of its register
        offset += width % 2
        number = Number(
            offset, point.type, width, point.order, point.bits, point.signed or point.type.startswith("int")
        )
    return Field(
        point.attribute,
        Where(number),
        scale=point.scale,
        add=point.add,
        lookup=point.lookup,
        invalid=tuple(point.invalid),
    )
