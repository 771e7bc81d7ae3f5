"""What a role may be allowed to do with certificates."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

VIEW = declare("certificates.view", _("See certificates")).name
ISSUE = declare("certificates.issue", _("Issue certificates")).name
MANAGE = declare("certificates.manage", _("Suspend and revoke certificates")).name
REVEAL = declare("certificates.reveal", _("See the identity number of a certificate's holder")).name
