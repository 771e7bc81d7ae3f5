"""A small world of keys and certificates for the tests of seals: a root, a seal maker, an office that signs, a time stamper."""

import datetime as dt
import itertools
from dataclasses import dataclass
from functools import cache

from onecity.kernel.records.keys.sm2_openssl import PrivateKey
from onecity.kernel.records.seals import making, reading, sm2_certificates, time_stamps
from onecity.kernel.records.seals.making import Signer
from onecity.kernel.records.seals.sm2_certificates import Subject, Usage
from onecity.kernel.records.seals.trust import Trust

NOW = dt.datetime(2026, 11, 25, 8, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
_serials = itertools.count(100)


@dataclass(frozen=True)
class Party:
    key: PrivateKey
    certificate: bytes

    @property
    def signer(self) -> Signer:
        return Signer(self.certificate, self.key.sign)


def party(
    name: str, usage: Usage, issuer: Signer | None, *, start: dt.datetime = NOW - DAY, days: int = 365, serial: int = 0
) -> Party:
    key = PrivateKey.generate()
    certificate = sm2_certificates.issue(
        Subject(name, "测试机构"),
        key.info,
        usage=usage,
        valid=(start, start + days * DAY),
        issuer=issuer,
        sign=Signer(b"", key.sign),
        serial=serial or next(_serials),
    )
    return Party(key, certificate)


@dataclass(frozen=True)
class World:
    root: Party
    maker: Party
    office: Party
    stranger: Party
    clock: Party
    trust: Trust

    def stamper(self, at: dt.datetime = NOW) -> making.Stamper:
        return lambda data: time_stamps.make(data, self.clock.signer, at=at, serial=7)

    def content(self, *signers: bytes, by_digest: bool = False, days: int = 365) -> making.SealContent:
        return making.SealContent(
            number="TEST-0001",
            name="测试区市场监督管理局",
            signers=signers or (self.office.certificate,),
            picture=reading.Picture("png", PNG, 42, 42),
            created_at=NOW - DAY,
            valid_from=NOW - DAY,
            valid_until=NOW - DAY + days * DAY,
            by_digest=by_digest,
        )

    def seal(self, version: int = 4, *, by_digest: bool = False, days: int = 365) -> bytes:
        content = self.content(by_digest=by_digest, days=days)
        return making.make_seal(content, self.maker.signer, version=version, stamper=self.stamper())


@cache
def world() -> World:
    root = party("测试根", "authority", None, days=3650)
    maker = party("测试制章人", "sign", root.signer)
    office = party("测试签章人", "sign", root.signer)
    stranger = party("另一签章人", "sign", root.signer)
    clock = party("测试时间戳", "time", root.signer)
    revoked = sm2_certificates.revocation_list(root.signer, {}, at=NOW - DAY, until=NOW + 400 * DAY, number=1)
    return World(root, maker, office, stranger, clock, Trust((root.certificate,), (), (revoked,)))
