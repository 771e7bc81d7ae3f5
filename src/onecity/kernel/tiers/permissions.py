"""The rights over the links between installations."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

TIERS_VIEW = declare("tiers.view", _("See the links to towns and district")).name
TIERS_MANAGE = declare("tiers.manage", _("Let towns join and end their links")).name
