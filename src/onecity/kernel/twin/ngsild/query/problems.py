"""The error of a query that cannot be read: which parameter, at which character, what is wrong (5.5.2, BadRequestData)."""

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model.problems import NgsiProblem

AROUND = 24


class BadQuery(NgsiProblem):
    """A parameter of a query that does not follow its grammar."""

    def __init__(self, parameter: str, reason: Text, position: int | None = None, text: str = "") -> None:
        detail: Text = reason
        if position is not None:
            detail = _(
                "{reason} (parameter {parameter}, character {position}: …{around}…)",
                reason=reason,
                parameter=parameter,
                position=position + 1,
                around=text[max(0, position - AROUND) : position + AROUND],
            )
        extra = {"parameter": parameter} | ({} if position is None else {"position": position + 1})
        super().__init__("BadRequestData", _("The query cannot be read"), status=400, detail=detail, extra=extra)
