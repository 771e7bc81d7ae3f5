"""What can go wrong between an operation and the database, as the client hears of it."""

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model import problems


def unavailable() -> Problem:
    """503: the database cannot be reached just now; nothing was done."""
    return problems.problem(
        "InternalError",
        _("The entities cannot be reached just now. Nothing was done; send the request again."),
        status=503,
    )


def too_complex() -> Problem:
    """403: the query ran longer than is allowed."""
    return problems.problem("TooComplexQuery", _("The query took too long. Narrow it by type, place or id."))


def refused(reason: str) -> Problem:
    """400: the database cannot store this value."""
    return problems.bad_request(_("The entity holds a value that cannot be stored: {reason}", reason=reason))


def forbidden() -> Problem:
    """403: the entity, or the place where it would be, is not the caller's to change."""
    return problems.problem(
        "OperationNotSupported",
        _("You may not change entities of this division. Ask for the right “Create and change entities” there."),
        status=403,
    )


def long_name(most: int) -> Problem:
    """400: an id or a type longer than is kept."""
    return problems.bad_request(_("Ids and types may be at most {most} bytes long.", most=most))


def too_many(most: int) -> Problem:
    """403: more entities match than can be handed over at once."""
    return problems.problem(
        "TooManyResults",
        _("More than {most} entities match. Narrow the query, or ask page by page with limit and offset.", most=most),
    )
