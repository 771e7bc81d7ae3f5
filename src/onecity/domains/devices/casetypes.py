"""The two kinds of case about devices: calibration that is due, and a device that needs somebody to come."""

import msgspec
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.logic.definition import Provides
from onecity.kernel.cases.logic.provisions import Choice
from onecity.kernel.cases.types import DEFAULT_LIFE_CYCLE, CaseTypeDecl

_FINISH = next(step for step in DEFAULT_LIFE_CYCLE.transitions if step.name == "finish")
# whoever reports the work as done says how it ended
_WITH_RESULT = DEFAULT_LIFE_CYCLE.changed(transitions=[msgspec.structs.replace(_FINISH, results=True)])

PASSED, ADJUSTED, REPLACED = "passed", "adjusted", "replaced"
# after these results the time until the next calibration begins anew
CHECKED = frozenset({PASSED, ADJUSTED, REPLACED})

CALIBRATION = CaseTypeDecl(
    name="device_calibration",
    title=_("Calibration of a device"),
    category="devices",
    description=_("A measuring device has to be checked against a reference before its calibration ends."),
    deadline=(10, "working_days"),
    life_cycle=_WITH_RESULT,
    provides=Provides(
        results=(
            Choice(PASSED, {"zh": "校准合格", "en": "Within its limits"}),
            Choice(ADJUSTED, {"zh": "调整后合格", "en": "Adjusted, now within its limits"}),
            Choice(REPLACED, {"zh": "已更换设备", "en": "Replaced"}),
            Choice("failed", {"zh": "校准不合格", "en": "Outside its limits"}),
        )
    ),
)
MAINTENANCE = CaseTypeDecl(
    name="device_maintenance",
    title=_("Maintenance of a device"),
    category="devices",
    description=_("A device is silent, its battery runs out, or its values cannot be trusted: see to it."),
    deadline=(5, "working_days"),
    life_cycle=_WITH_RESULT,
    provides=Provides(
        results=(
            Choice("repaired", {"zh": "已修复", "en": "Repaired"}),
            Choice("battery", {"zh": "已更换电池", "en": "Battery replaced"}),
            Choice(REPLACED, {"zh": "已更换设备", "en": "Replaced"}),
            Choice("nothing", {"zh": "现场检查未见异常", "en": "Nothing was wrong"}),
        )
    ),
)
