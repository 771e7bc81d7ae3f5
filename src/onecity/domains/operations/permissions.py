"""The right to look at the wall."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

VIEW = declare("operations.view", _("See the operations wall")).name
