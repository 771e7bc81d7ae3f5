"""The names in an address's query: one that does not exist, or that stands there twice, is told and never passed over.

Left to itself the library ignores what it does not know: a misspelt filter would answer with everything.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja.operation import Operation

from onecity.kernel.core.errors import FieldError, Problem

Run = Callable[..., HttpResponseBase]


def strict_query(run: Run) -> Run:
    """Decorate an operation (the library's decorator of mode "view") so that its query holds known names only, once each."""
    operation = getattr(run, "__self__", None)
    if not isinstance(operation, Operation):
        return run

    @wraps(run)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        wrong = list(_wrong(request, operation))
        if wrong:
            problem = Problem("invalid", _("Some values are wrong"), status=422, errors=wrong)
            answer: HttpResponseBase = operation.api.on_exception(request, problem)
            return answer
        return run(request, *args, **kwargs)

    return checked


def _wrong(request: HttpRequest, operation: Operation) -> Iterator[FieldError]:
    model = next((m for m in operation.models if m.__ninja_param_source__ == "query"), None)
    known = list(model.__ninja_flatten_map__) if model is not None else []
    lists = set(model.__ninja_collection_fields__) if model is not None else set()
    for name, values in request.GET.lists():
        if name not in known:
            text = _("There is no such value here; these can be given: %(names)s.") % {"names": ", ".join(known)}
            yield FieldError(name, text if known else _("Nothing can be given in this address."), "extra_forbidden")
        elif name not in lists and len(values) > 1:
            yield FieldError(name, _("This can be given once only."), "repeated")
