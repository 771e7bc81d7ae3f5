"""What a seal is used for: said by every caller, checked against the leave, kept with the use."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.records.models import SubjectKind

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Purpose:
    """The kind of thing ("certificate" or "case"), the code of its kind, in words what for, and the case if there is one."""

    kind: str
    code: str
    text: str
    case_id: UUID | None = None

    def __post_init__(self) -> None:
        if self.kind not in SubjectKind.values or not self.code:
            raise ValueError(f"a seal is used for a kind of certificate or case, not for {self.kind}:{self.code}")
        if not self.text.strip() or len(self.text) > LONGEST:
            raise Problem("purpose-needed", _("Say for what you need the seal, in at most 200 characters."), status=422)

    def columns(self) -> dict[str, Any]:
        """The columns of a request or a use."""
        return {
            "subject_kind": self.kind,
            "subject_code": self.code,
            "purpose": " ".join(self.text.replace("\0", "").split()),
            "case_id": self.case_id,
        }
