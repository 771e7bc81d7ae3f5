"""DER written by hand, independent of the code under test: samples of V1 and of the ways extDatas are written."""

from collections.abc import Sequence


def tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(size)]) + size + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def number(value: int) -> bytes:
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def ia5(text: str) -> bytes:
    return tlv(0x16, text.encode("ascii"))


def utf8(text: str) -> bytes:
    return tlv(0x0C, text.encode())


def octets(data: bytes) -> bytes:
    return tlv(4, data)


def bits(data: bytes) -> bytes:
    return tlv(3, b"\0" + data)


def utc(text: str) -> bytes:
    return tlv(0x17, text.encode("ascii"))


def general(text: str) -> bytes:
    return tlv(0x18, text.encode("ascii"))


def oid(*arcs: int) -> bytes:
    body = bytearray([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | (arc & 0x7F))
        body += bytes(reversed(groups))
    return tlv(6, bytes(body))


SM2_WITH_SM3 = oid(1, 2, 156, 10197, 1, 501)


def header(version: int) -> bytes:
    return seq(ia5("ES"), number(version), ia5("Other"))


def picture(data: bytes) -> bytes:
    return seq(ia5("png"), octets(data), number(40), number(41))


def seal_info_v1(certificates: Sequence[bytes], data: bytes, *, generalized: bool = False) -> bytes:
    times = (general("20260101000000Z"), general("20260102000000Z"), general("20270101000000Z"))
    if not generalized:
        times = (utc("260101000000Z"), utc("260102000000Z"), utc("270101000000Z"))
    listed = seq(*(octets(certificate) for certificate in certificates))
    return seq(header(1), ia5("V1-0001"), seq(number(1), utf8("旧式印章"), listed, *times), picture(data))


def seal_info_v4(certificates: Sequence[bytes], data: bytes, extensions: bytes = b"", version: int = 4) -> bytes:
    listed = seq(*(octets(certificate) for certificate in certificates))
    times = (general("20260101000000Z"), general("20260102000000Z"), general("20270101000000Z"))
    info = seq(number(1), utf8("他家印章"), number(1), listed, *times)
    return seq(header(version), ia5("V4-0001"), info, picture(data), extensions)


EXTENSIONS = seq(seq(oid(1, 2, 3, 4), tlv(1, b"\xff"), octets(b"value")), seq(oid(1, 2, 3, 5), octets(b"")))
"""Two items; the second leaves out `critical`, which DER does for its default."""
EXTENSION_READINGS = {"untagged": EXTENSIONS, "tagged": tlv(0xA0, EXTENSIONS), "wrapped": octets(EXTENSIONS)}
