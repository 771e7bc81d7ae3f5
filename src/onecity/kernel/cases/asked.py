"""The form of a kind, asked of whoever opens a case: its fields on the page, and answers that fit it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import answers, changing, type_store
from onecity.kernel.cases.logic.provisions import Form
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem


def form_of(name: str) -> Form | None:
    """What the kind in force asks; nothing where there is no such kind or it asks nothing."""
    kind = type_store.in_force([name], now()).get(name)
    return kind.definition.form if kind else None


def checked(name: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answers to the form of a kind; raises Problem 422 that names every field that is missing or wrong."""
    changing.check_data(given)
    form = form_of(name)
    if form is None:
        if given:
            raise changing.invalid("answers", _("The form has no such field."))
        return {}
    wrong = answers.mistakes(form, given)
    if wrong:
        raise Problem("case-invalid", _("This case cannot be opened yet."), status=422, errors=wrong)
    return given
