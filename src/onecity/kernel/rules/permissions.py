"""The rights over rules and alerts."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

RULES_VIEW = declare("rules.view", _("See alert rules")).name
RULES_EDIT = declare("rules.edit", _("Change and publish alert rules")).name
ALERTS_VIEW = declare("alerts.view", _("See alerts")).name
ALERTS_ACKNOWLEDGE = declare("alerts.acknowledge", _("Acknowledge alerts")).name
