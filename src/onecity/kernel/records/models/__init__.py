"""The tables of certificates, seals and the archive."""

from onecity.kernel.records.models.archive import (
    ArchiveEvent,
    ArchivePackage,
    PackageState,
    ReadingRequest,
    Soundness,
)
from onecity.kernel.records.models.certificate import Certificate, CertificateEvent, HolderKind, State, StatusList
from onecity.kernel.records.models.certificate_type import CertificateTypeVersion
from onecity.kernel.records.models.issuer_key import IssuerKey
from onecity.kernel.records.models.rendition import AnnotatedCopy, AnnotatedLook, Rendition
from onecity.kernel.records.models.seal import (
    RequestState,
    Seal,
    SealGrant,
    SealRequest,
    SealState,
    SealUse,
    SubjectKind,
)

__all__ = [
    "AnnotatedCopy",
    "AnnotatedLook",
    "ArchiveEvent",
    "ArchivePackage",
    "Certificate",
    "CertificateEvent",
    "CertificateTypeVersion",
    "HolderKind",
    "IssuerKey",
    "PackageState",
    "ReadingRequest",
    "Rendition",
    "RequestState",
    "Seal",
    "SealGrant",
    "SealRequest",
    "SealState",
    "SealUse",
    "Soundness",
    "State",
    "StatusList",
    "SubjectKind",
]
