"""What a role may be allowed to do with seals; a leave for the single seal comes on top of "use"."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

VIEW = declare("seals.view", _("See seals and their uses")).name
USE = declare("seals.use", _("Use seals one has leave for")).name
MANAGE = declare("seals.manage", _("Make, suspend and destroy seals, give leave to use them")).name
APPROVE = declare("seals.approve", _("Agree to the use of a seal")).name
