"""The form of a kind, asked of whoever opens a case: its fields as a second step of any page, and answers that fit it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import answers, asking, changing, type_store
from onecity.kernel.cases.logic.provisions import Form
from onecity.kernel.cases.type_store import InForce
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem


@dataclass(frozen=True)
class Asks:
    """What the page shows of a form: the kind, its fields as sent, and whether it is shown for the first time."""

    name: str
    title: str
    fields: list[asking.Field]
    first: bool
    hint: object


@dataclass(frozen=True)
class Step:
    """The form of the kind that was chosen on a page, if it asks anything; `ready`: its fields were there to be filled."""

    kind: InForce | None
    post: QueryDict

    @property
    def form(self) -> Form | None:
        """What is asked."""
        return self.kind.definition.form if self.kind else None

    @property
    def ready(self) -> bool:
        """Whether the case can be opened: nothing is asked, or what is asked was shown for this very kind."""
        return self.form is None or (self.kind is not None and self.post.get("answers_of") == self.kind.name)

    @property
    def given(self) -> dict[str, Any]:
        """The answers that were sent."""
        found: dict[str, Any] = asking.read(self.post, [self.form]).get("answers", {}) if self.form else {}
        return found

    def shown(self, problem: Problem | None = None, hint: object = "") -> Asks | None:
        """The fields for the page, with what is wrong; None where nothing is asked."""
        if self.kind is None or self.form is None:
            return None
        wrong = {error.field.partition(".")[0]: error.detail for error in problem.errors} if problem else {}
        fields = asking.filled(self.form, self.post, wrong)
        usual = _("Fill in what this kind asks, then open the case.")
        return Asks(self.kind.name, self.kind.title, fields, not self.ready, hint or usual)


def step(post: QueryDict, name: str) -> Step:
    """The step for a kind by its short name; of a kind that does not exist nothing is asked."""
    return Step(type_store.in_force([name], now()).get(name) if name else None, post)


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
        raise Problem("answers-invalid", _("This case cannot be opened yet."), status=422, errors=wrong)
    return given
