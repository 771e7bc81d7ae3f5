"""The rights of the operations centre."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

VIEW = declare("operations.view", _("See the operations wall")).name
COMMAND = declare("operations.command", _("Declare and end the emergency mode")).name
