"""The ASN.1 of seals and stamps as it is written: GB/T 38540-2020 (V4) and GM/T 0031-2025 (V5); V1 is only read.

The classes carry the standard's own names, misspelling of "picture" included, so that both can be laid side by side. extDatas
inside SES_SealInfo is not written: the standard's readers disagree on its tag (certificates.md, 3).
"""

from asn1crypto import core


class SES_Header(core.Sequence):  # type: ignore[misc] # noqa: N801 - asn1crypto ships no types; the standard's name
    """Head of a seal: the letters ES, the version of the structure and the maker of the software."""

    _fields = [("ID", core.IA5String), ("version", core.Integer), ("Vid", core.IA5String)]


class CertificateList(core.SequenceOf):  # type: ignore[misc] # asn1crypto ships no types
    """The certificates that may use a seal, DER each."""

    _child_spec = core.OctetString


class CertDigest(core.Sequence):  # type: ignore[misc] # asn1crypto ships no types
    """One certificate by its digest."""

    _fields = [("type", core.PrintableString), ("value", core.OctetString)]


class CertDigestList(core.SequenceOf):  # type: ignore[misc] # asn1crypto ships no types
    """The certificates that may use a seal, by digest."""

    _child_spec = CertDigest


class SES_ESPropertyInfo(core.Sequence):  # type: ignore[misc] # noqa: N801 - asn1crypto ships no types; the standard's name
    """What the seal is called, who may use it, and from when until when."""

    _fields = [
        ("type", core.Integer),
        ("name", core.UTF8String),
        ("certListType", core.Integer),
        ("certList", core.Any),
        ("createDate", core.GeneralizedTime),
        ("validStart", core.GeneralizedTime),
        ("validEnd", core.GeneralizedTime),
    ]


class SES_ESPictrueInfo(core.Sequence):  # type: ignore[misc] # noqa: N801 - asn1crypto ships no types; the standard's name
    """The picture, its format and its size in mm."""

    _fields = [("type", core.IA5String), ("data", core.OctetString), ("width", core.Integer), ("height", core.Integer)]


class SES_SealInfo(core.Sequence):  # type: ignore[misc] # noqa: N801 - asn1crypto ships no types; the standard's name
    """The part of a seal that its maker signs."""

    _fields = [
        ("header", SES_Header),
        ("esID", core.IA5String),
        ("property", SES_ESPropertyInfo),
        ("picture", SES_ESPictrueInfo),
    ]


class SESeal(core.Sequence):  # type: ignore[misc] # asn1crypto ships no types
    """A seal."""

    _fields = [
        ("eSealInfo", SES_SealInfo),
        ("cert", core.OctetString),
        ("signAlgID", core.ObjectIdentifier),
        ("signedValue", core.OctetBitString),
        ("timeStamp", core.OctetBitString, {"explicit": 0, "optional": True}),
    ]


class TBS_Sign(core.Sequence):  # type: ignore[misc] # noqa: N801 - asn1crypto ships no types; the standard's name
    """The part of a stamp that its signer signs."""

    _fields = [
        ("version", core.Integer),
        ("eseal", core.Any),
        ("timeInfo", core.GeneralizedTime),
        ("dataHash", core.OctetBitString),
        ("propertyInfo", core.IA5String),
    ]


class SES_Signature(core.Sequence):  # type: ignore[misc] # noqa: N801 - asn1crypto ships no types; the standard's name
    """A stamp."""

    _fields = [
        ("toSign", TBS_Sign),
        ("cert", core.OctetString),
        ("signatureAlgID", core.ObjectIdentifier),
        ("signature", core.OctetBitString),
        ("timeStamp", core.OctetBitString, {"explicit": 0, "optional": True}),
    ]
