"""The manifest of the sensor network: its pages; what the devices measure belongs to the domains that use it."""

from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.casetypes import CALIBRATION, MAINTENANCE
from onecity.kernel.registry.domain import Domain, Page
from onecity.kernel.telemetry.permissions import TELEMETRY_VIEW

DOMAIN = Domain(
    name="devices",
    title=_("Sensor network"),
    plan_task=18,
    lead="data-bureau",
    pages=(
        Page("/desk/devices", _("State of devices"), "desk", permission=TELEMETRY_VIEW, icon="radio-tower", order=20),
    ),
    case_types=(CALIBRATION, MAINTENANCE),
    package="onecity.domains.devices",
    description=_("Which devices send as they should, which do not, and what their values foretell."),
)
