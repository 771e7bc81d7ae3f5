"""What the list of devices and places can be narrowed by."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.places import service as places
from onecity.kernel.twin.models import EntityKind, EntityStatus


class EntityFilter(forms.Form):
    """Search text, type, place and status; everything may stay empty."""

    q = forms.CharField(label=_("Search"), max_length=100, required=False)
    type = forms.ChoiceField(label=_("Type"), required=False)
    place = forms.ChoiceField(label=_("Place"), required=False)
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("any")), *EntityStatus.choices], initial=EntityStatus.ACTIVE
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind.name, kind.title) for kind in EntityKind.objects.order_by("name")]
        root = places.root()
        towns = [] if root is None else [(town.path, town.name) for town in places.children(root.path)]
        self.fields["type"] = forms.ChoiceField(label=_("Type"), required=False, choices=[("", _("any")), *kinds])
        self.fields["place"] = forms.ChoiceField(label=_("Place"), required=False, choices=[("", _("any")), *towns])
