"""What a role may be allowed to do with cases."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

VIEW = declare("cases.view", _("See cases")).name
OPEN = declare("cases.open", _("Open cases by hand")).name
HANDLE = declare("cases.handle", _("Handle cases")).name
DISPATCH = declare("cases.dispatch", _("Assign, hand over and cancel cases")).name
VERIFY = declare("cases.verify", _("Verify, close and reopen cases")).name
SUPERVISE = declare("cases.supervise", _("Put cases under supervision")).name
REPORTERS = declare("cases.reporters", _("See who reported a case")).name
CONFIDENTIAL = declare("cases.confidential", _("See confidential cases")).name
KEEP = declare("cases.keep", _("Hold and erase records of cases")).name
PUBLISH = declare("cases.publish", _("Release words and photos of cases to everybody")).name
FORMULAS = declare("cases.formulas", _("Change formulas of the score card")).name
NAMES = declare("cases.names", _("Decide who sees whose name")).name
MANAGE = declare("cases.manage", _("Publish case types")).name
