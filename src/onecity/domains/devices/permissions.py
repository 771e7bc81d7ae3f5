"""The rights over device management; what a right opens below it, in telemetry, a role needs as well."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

VIEW = declare("devices.view", _("See devices, models, groups and roll-outs")).name
MANAGE = declare("devices.manage", _("Register, claim and change devices, models and groups")).name
COMMAND = declare("devices.command", _("Give commands to devices and roll out firmware")).name
