"""What a role may be allowed to do with the archive."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.permissions import declare

VIEW = declare("archive.view", _("Search the archive and read what is open")).name
RELEASE = declare("archive.release", _("Let others read restricted archived matters")).name
KEEP = declare("archive.keep", _("Keep the archive: propose disposals, hold, export")).name
APPROVE = declare("archive.approve", _("Approve disposals of the archive")).name
