"""What can be wrong with an NGSI-LD request, under the error types of the standard (ETSI GS CIM 009 V1.9.1, 5.5.2 and 6.3.2)."""

from collections.abc import Sequence
from typing import Any, Final

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _

ERRORS: Final = "https://uri.etsi.org/ngsi-ld/errors/"

TYPES: Final[dict[str, tuple[int, Text]]] = {
    "InvalidRequest": (400, _("The request cannot be read")),
    "BadRequestData": (400, _("The data of the request are not right")),
    "AlreadyExists": (409, _("This already exists")),
    "Conflict": (409, _("The request conflicts with what is there")),
    "OperationNotSupported": (422, _("This operation is not supported")),
    "ResourceNotFound": (404, _("There is no such thing")),
    "InternalError": (500, _("The request could not be carried out")),
    "TooComplexQuery": (403, _("The query is too complex")),
    "TooManyResults": (403, _("The query has too many results")),
    "LdContextNotAvailable": (504, _("The @context cannot be had")),
    "NoMultiTenantSupport": (501, _("Tenants are not supported")),
    "NonexistentTenant": (404, _("There is no such tenant")),
}
"""Error type → status and title; V1.9.1 (LdContextNotAvailable was 503 before)."""


class NgsiProblem(Problem):
    """A problem under a type of the standard; `code` is the type's last part. `headers` go with the answer."""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Headers that go with the answer, to be added to."""
        if "_headers" not in self.__dict__:
            self._headers: list[tuple[str, str]] = []
        return self._headers

    def to_dict(self, instance: str = "") -> dict[str, Any]:
        """Return the problem details with the type as the standard's URI."""
        return super().to_dict(instance) | {"type": ERRORS + self.code}


def problem(
    kind: str, detail: Text | str = "", *, errors: Sequence[FieldError] = (), status: int | None = None
) -> NgsiProblem:
    """A problem of a type of TYPES, with a sentence that says what is wrong and what to do."""
    usual, title = TYPES[kind]
    return NgsiProblem(kind, title, status=status or usual, detail=detail, errors=errors)


def bad_request(detail: Text | str, where: str = "") -> NgsiProblem:
    """Data that do not follow the standard; `where` is the dotted path of the wrong value."""
    errors = (FieldError(where, detail),) if where else ()
    return problem("BadRequestData", detail, errors=errors)


def invalid_request(detail: Text | str) -> NgsiProblem:
    """A request that cannot be read at all."""
    return problem("InvalidRequest", detail)


def entity_not_found(urn: str) -> NgsiProblem:
    """No entity of this id is known."""
    return problem("ResourceNotFound", _("There is no entity {urn}.", urn=urn))


def attribute_not_found(urn: str, name: str, dataset_id: str | None = None) -> NgsiProblem:
    """The entity lacks the attribute, or its instance of a data set."""
    if dataset_id is None:
        return problem("ResourceNotFound", _("The entity {urn} has no attribute {name}.", urn=urn, name=name))
    detail = _(
        "The attribute {name} of the entity {urn} has no instance of the data set {dataset}.",
        name=name,
        urn=urn,
        dataset=dataset_id,
    )
    return problem("ResourceNotFound", detail)


def already_exists(urn: str) -> NgsiProblem:
    """An entity of this id is there already."""
    return problem("AlreadyExists", _("There already is an entity {urn}.", urn=urn))
