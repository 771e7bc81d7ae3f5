"""The sentences of a verification: why a certificate or a time stamp is not accepted."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.utils.translation import gettext_lazy as _

from onecity.kernel.records.seals.report import Sentence
from onecity.kernel.records.seals.trust import Checked

CAUSES: Final[Mapping[str, object]] = MappingProxyType(
    {
        "unreadable": _("The certificate cannot be read: %(detail)s."),
        "unsupported": _("Its method (%(detail)s) is not known here."),
        "no_anchor": _("Nobody trusted here vouches for it; its issuer is %(detail)s."),
        "bad_signature": _("The issuer's signature on the certificate of %(detail)s does not fit."),
        "not_yet_valid": _("The certificate of %(detail)s was not valid yet."),
        "expired": _("The certificate of %(detail)s had expired."),
        "wrong_usage": _("The certificate of %(detail)s is meant for another purpose."),
        "not_an_authority": _("%(detail)s issued a certificate without being allowed to."),
        "critical_extension": _("The certificate sets a condition that is not known here: %(detail)s."),
        "revoked": _("The certificate of %(detail)s was revoked."),
        "no_status": _("Whether the certificate of %(detail)s was revoked is unknown here: no list covers that time."),
    }
)


def of_certificate(checked: Checked) -> Sentence:
    """Why, or by whose trust."""
    if checked.outcome == "ok":
        return Sentence(_("Trusted through %(detail)s."), {"detail": checked.detail})
    return Sentence(CAUSES[checked.cause], {"detail": checked.detail})  # type: ignore[arg-type]  # a table of lazy texts


def of_time_stamp(checked: Checked) -> Sentence:
    """The same for the authority that gave a time stamp."""
    return Sentence(_("Time stamp: %(reason)s"), {"reason": of_certificate(checked)})
