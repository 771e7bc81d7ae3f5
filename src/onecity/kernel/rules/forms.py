"""Forms of the desk: the editor of a rule, one shape for each kind, and what lists can be narrowed by."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.rules import choices, form_data, wording
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules.definition import LONGEST_TITLE, Definition
from onecity.kernel.rules.logic.conditions import SEVERITIES, Direction, Kind, Severity
from onecity.kernel.rules.models import AlertState, Rule
from onecity.kernel.rules.permissions import ALERTS_VIEW, RULES_EDIT
from onecity.kernel.rules.types import NAME

ANY = ("", _("any"))
DIRECTIONS: Mapping[Direction, object] = {
    Direction.ABOVE: _("rises above"),
    Direction.BELOW: _("falls below"),
    Direction.EITHER: _("changes either way by more than"),
}
PERIODS = ((1, _("second")), (60, _("minute")), (3600, _("hour")), (86400, _("day")))
# members of the stored data by the field of the form that shows them
FIELD_OF = {
    "duration": "duration",
    "duration_seconds": "duration",
    "span": "span",
    "span_seconds": "span",
    "max_gap": "max_gap",
    "per": "per",
    "history": "history",
    "titles": "title_zh",
    "entity_type": "watched",
    "attribute": "watched",
}


class Number(forms.FloatField):
    """A number without step marks, shown the way people write it: 0.000001 and not 1e-06."""

    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})

    def prepare_value(self, value: Any) -> Any:
        """Return a stored number without its power of ten; what somebody typed stays as typed."""
        return format(Decimal(repr(value)), "f") if isinstance(value, float) else value


class RuleForm(forms.Form):
    """What a rule of one kind says; `definition()` gives it checked, or None with the errors on the fields."""

    title_zh = forms.CharField(label=_("Title (Chinese)"), max_length=LONGEST_TITLE, required=False)
    title_en = forms.CharField(label=_("Title (English)"), max_length=LONGEST_TITLE, required=False)
    watched = forms.ChoiceField(label=_("What is watched"))
    place = forms.ChoiceField(
        label=_("Where"), required=False, help_text=_("Only stations in this division are watched.")
    )
    properties = forms.CharField(
        label=_("Only with these properties"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One a line, for example: noise_class = 2"),
    )
    case_type = forms.ChoiceField(label=_("Opens a case"), required=False)
    case_from = forms.ChoiceField(
        label=_("From this colour on"), choices=[(s.value, wording.COLOURS[s]) for s in SEVERITIES], required=False
    )
    description_zh = forms.CharField(label=_("Explanation (Chinese)"), max_length=500, required=False)
    description_en = forms.CharField(label=_("Explanation (English)"), max_length=500, required=False)
    comment = forms.CharField(label=_("Why this change"), max_length=500, required=False)

    def __init__(self, kind: Kind, account: Account, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.kind = kind
        self.fields |= _fields_of(kind)
        self._offer("watched", choices.attributes())
        self._offer("place", [("", _("everywhere")), *choices.divisions(account, RULES_EDIT)])
        self._offer("case_type", [("", _("no case")), *choices.case_types().items()])

    def _offer(self, name: str, offered: choices.Choices) -> None:
        self.fields[name].choices = offered  # type: ignore[attr-defined]  # all of them are choice fields

    def levels(self) -> list[tuple[Severity, forms.BoundField, forms.BoundField | None]]:
        """Return the rows of colours: the value that raises each, and the one that ends it where the kind has one."""
        return [
            (s, self[f"raise_{s}"], self[f"clear_{s}"] if f"clear_{s}" in self.fields else None) for s in SEVERITIES
        ]

    def others(self) -> list[forms.BoundField]:
        """Return the fields that belong to this kind alone, beside the levels."""
        own = [name for name in _fields_of(self.kind) if not name.startswith(("raise_", "clear_"))]
        return [self[name] for name in own]

    def definition(self) -> Definition | None:
        """Return what was entered; None when something is wrong, which the fields then say."""
        if not self.is_valid():
            return None
        try:
            found = definitions.from_data(form_data.as_data(self.kind, self.cleaned_data))
            definitions.check(found, choices.case_types())
        except Problem as problem:
            for error in problem.errors:
                name = FIELD_OF.get(error.field, error.field)
                self.add_error(name if name in self.fields else None, str(error.detail))
            return None
        return found


class NewRuleForm(RuleForm):
    """The same for a rule that does not exist yet: it also needs a key and an owner."""

    name = forms.CharField(
        label=_("Key"), max_length=120, help_text=_("Lower-case words with a dot, for example: desk.pm25_school")
    )
    division = forms.ChoiceField(label=_("Whose rule it is"))

    def __init__(self, kind: Kind, account: Account, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(kind, account, data, initial=initial)
        self._offer("division", choices.divisions(account, RULES_EDIT))

    def clean_name(self) -> str:
        """Check the shape of the key."""
        name = str(self.cleaned_data["name"])
        if not NAME.fullmatch(name):
            raise forms.ValidationError(_("Use lower-case words with a dot, for example: desk.pm25_school"))
        return name


class PublishForm(forms.Form):
    """From when a draft holds; empty means now."""

    effective_from = forms.DateTimeField(
        label=_("Holds from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Leave empty for now."),
    )


class AlertFilter(forms.Form):
    """What the list of alerts can be narrowed by."""

    severity = forms.ChoiceField(
        label=_("Severity"), required=False, choices=[ANY, *((s.value, wording.COLOURS[s]) for s in SEVERITIES)]
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=[ANY, *AlertState.choices])
    place = forms.ChoiceField(label=_("Place"), required=False)
    rule = forms.TypedChoiceField(label=_("Rule"), required=False, coerce=int, empty_value=None)

    def __init__(self, account: Account, data: Any = None) -> None:
        super().__init__(data)
        titles = [(rule.pk, rule_title(rule)) for rule in Rule.objects.prefetch_related("versions")]
        self.fields["place"].choices = [ANY, *choices.divisions(account, ALERTS_VIEW)]  # type: ignore[attr-defined]  # a choice field
        self.fields["rule"].choices = [ANY, *sorted(titles, key=lambda t: t[1])]  # type: ignore[attr-defined]  # a choice field


class BacktestForm(forms.Form):
    """How far back to look."""

    days = forms.TypedChoiceField(
        label=_("Look back"),
        coerce=int,
        choices=[(1, _("1 day")), (7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (366, _("1 year"))],
        initial=30,
        required=False,
        empty_value="30",
    )


def rule_title(rule: Rule) -> str:
    """Return the title of a rule's newest version, or its key."""
    newest = max(rule.versions.all(), key=lambda version: version.number, default=None)
    titles = newest.definition.get("titles", {}) if newest is not None else {}
    return definitions.in_language(titles) or rule.name


def _fields_of(kind: Kind) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for severity in SEVERITIES:
        fields[f"raise_{severity}"] = Number(label=_("raises"), required=False)
        if kind is not Kind.ABSENCE:
            fields[f"clear_{severity}"] = Number(label=_("ends"), required=False)
    if kind is Kind.ABSENCE:
        return fields
    allowed = DIRECTIONS if kind in {Kind.RATE, Kind.BASELINE} else {d: DIRECTIONS[d] for d in list(DIRECTIONS)[:2]}
    fields["direction"] = forms.ChoiceField(label=_("Direction"), choices=[(d.value, t) for d, t in allowed.items()])
    fields |= _KIND_FIELDS.get(kind, dict)()
    fields["duration"] = Number(label=_("Must last (minutes)"), required=False, min_value=0, initial=0)
    return fields


def _rate_fields() -> dict[str, forms.Field]:
    return {
        "per": forms.TypedChoiceField(label=_("Change per"), coerce=int, choices=PERIODS, initial=3600),
        "max_gap": Number(label=_("Readings at most so far apart (minutes)"), initial=180),
    }


def _window_fields() -> dict[str, forms.Field]:
    return {
        "span": Number(label=_("Window (minutes)"), initial=60),
        "function": forms.ChoiceField(
            label=_("Function"), choices=[(f.value, t) for f, t in wording.FUNCTIONS.items()]
        ),
        "minimum_count": forms.IntegerField(label=_("At least so many readings"), initial=1, min_value=1),
        "share_above": Number(label=_("Share of readings above"), required=False),
    }


def _baseline_fields() -> dict[str, forms.Field]:
    return {
        "history": Number(label=_("Compare with the last (weeks)"), initial=8),
        "minimum_count": forms.IntegerField(label=_("At least so many hours known"), initial=3, min_value=1),
        "minimum_spread": Number(label=_("Smallest spread"), required=False, initial=0),
    }


_KIND_FIELDS = {Kind.RATE: _rate_fields, Kind.WINDOW: _window_fields, Kind.BASELINE: _baseline_fields}
