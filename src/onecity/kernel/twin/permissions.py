"""The rights over entities."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

ENTITIES_VIEW = declare("entities.view", _("See entities and their readings")).name
ENTITIES_EDIT = declare("entities.edit", _("Create and change entities")).name
