"""The rights over service items; whoever publishes one must not have written it."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

VIEW = declare("items.view", _("See service items and their drafts")).name
EDIT = declare("items.edit", _("Write drafts of service items")).name
PUBLISH = declare("items.publish", _("Review and publish service items")).name
