"""What the cases of alerts are called: said in the language of whoever reads them."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.wording import Sentence, declare

ALERT = declare("rules.alert", Sentence(_("%(entity)s: %(rule)s"), "%(explanation)s"))
