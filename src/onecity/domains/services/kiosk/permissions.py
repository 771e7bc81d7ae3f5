"""The right to look after terminals."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

MANAGE = declare("terminals.manage", _("Look after self-service terminals and what they offer")).name
