"""The kind of case of a question about services: somebody could not find or do it, and a person answers."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.logic.definition import Limit
from onecity.kernel.cases.types import CaseTypeDecl

HELP: Final = CaseTypeDecl(
    name="service_help",
    title=_("Help with a service"),
    category="hotline.01",
    description=_("Somebody could not find or do a service and asks a person (帮办)."),
    handled_by=(("district", "case_handler"),),
    deadline=(1, "working_days"),
    limits=(Limit(4, "working_hours", stage="accept"),),
)
