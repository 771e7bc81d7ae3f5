"""The rights over devices, readings and quarantine."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

TELEMETRY_VIEW = declare("telemetry.view", _("See readings, devices and quarantine")).name
TELEMETRY_MANAGE = declare("telemetry.manage", _("Register and revoke devices, replay refused readings")).name
