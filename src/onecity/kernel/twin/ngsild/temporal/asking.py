"""What a temporal query asks for and how its answer is to look (5.7.3, 5.7.4, 6.3.12, 6.18.3.2), read from its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.http import query_body, shaping
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.model.shape import DEFAULT_INSTANCE, Shape
from onecity.kernel.twin.ngsild.query.parsing import parse_names
from onecity.kernel.twin.ngsild.temporal.aggregating import METHODS
from onecity.kernel.twin.ngsild.temporal.span import Duration, Span, read_duration, read_span

FORMATS: Final = ("temporalValues", "aggregatedValues")
MEMBERS: Final = frozenset({"id", "type", "scope", "https://uri.etsi.org/ngsi-ld/scope"})
WHOLE: Final = Duration()
MOST_LAST: Final = 1_000_000
GATHERED: Final = "aggregated"
"""What the member aggrParams of a body asks for, where the address names no format (5.2.44)."""
TEMPORAL: Final = ("timerel", "timeAt", "endTimeAt", "timeproperty", "aggrMethods", "aggrPeriodDuration")


@dataclass(frozen=True, slots=True)
class Asked:
    """A temporal query. `format` is "", temporalValues or aggregatedValues; `last` is lastN; `names`: the attributes that
    were named to be shown, None where all are."""

    span: Span
    shape: Shape
    format: str = ""
    last: int | None = None
    methods: tuple[str, ...] = ()
    duration: Duration = WHOLE
    names: frozenset[str] | None = None

    def concerns(self, name: str) -> bool:
        """Whether an attribute is asked for; where only members of the entity are picked, every attribute decides."""
        return (not self.names or name in self.names) and name not in self.shape.omit

    def shows(self, name: str) -> bool:
        """Whether an attribute is shown."""
        return (self.names is None or name in self.names) and name not in self.shape.omit

    @property
    def default_instances(self) -> bool:
        """Whether instances without a data set are shown."""
        return self.shape.dataset_ids is None or DEFAULT_INSTANCE in self.shape.dataset_ids


def asked(request: Request, parameters: Mapping[str, Any], context: Context, *, required: bool) -> Asked:
    """What is asked for; raises Problem 400 where a parameter is wrong, or where the time is missing but `required`."""
    span = read_span(parameters, required=required)
    form = _format(request) or str(parameters.get(GATHERED) or "")
    pick, omit = shaping.projections(parameters, context)
    if any(one is not None and one.depth() for one in (pick, omit)):
        raise problems.bad_request(_("Histories of linked entities cannot be had; name attributes only."))
    attrs = parse_names(str(parameters["attrs"]), context) if parameters.get("attrs") else None
    named = attrs if attrs is not None else None if pick is None else pick.names
    shape = Shape(
        sys_attrs="sysAttrs" in request.words("options"),
        pick=None if pick is None else pick.names,
        omit=() if omit is None else omit.names,
        attrs=attrs,
        lang=str(parameters["lang"]) if parameters.get("lang") else None,
        dataset_ids=_datasets(parameters),
        instance_ids=True,
    )
    names = None if named is None else frozenset(named) - MEMBERS
    methods, duration = _aggregation(parameters, form)
    return Asked(span, shape, form, _last(parameters), methods, duration, names)


def _format(request: Request) -> str:
    given = request.query.get("format")
    if given is not None:
        if given not in {*FORMATS, "normalized"}:
            raise problems.invalid_request(_("format is temporalValues or aggregatedValues."))
        return "" if given == "normalized" else given
    found = [word for word in request.words("options") if word in FORMATS]
    if len(set(found)) > 1:
        raise problems.invalid_request(_("Ask for temporalValues or aggregatedValues, not both."))
    return found[0] if found else ""


def _aggregation(parameters: Mapping[str, Any], form: str) -> tuple[tuple[str, ...], Duration]:
    if form != "aggregatedValues":
        return (), WHOLE
    methods = tuple(dict.fromkeys(w.strip() for w in str(parameters.get("aggrMethods") or "").split(",") if w.strip()))
    if not methods:
        raise problems.bad_request(
            _("aggregatedValues needs aggrMethods: {names}.", names=", ".join(METHODS)), "aggrMethods"
        )
    for method in methods:
        if method not in METHODS:
            raise problems.bad_request(_("aggrMethods may be {names}.", names=", ".join(METHODS)), "aggrMethods")
    return methods, read_duration(str(parameters.get("aggrPeriodDuration") or "PT0S"))


def _last(parameters: Mapping[str, Any]) -> int | None:
    given = parameters.get("lastN")
    if given is None:
        return None
    text = str(given)
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST_LAST and len(text) < 9):
        raise problems.bad_request(_("lastN is a whole number from 1 to {most}.", most=MOST_LAST), "lastN")
    return int(text)


def _datasets(parameters: Mapping[str, Any]) -> tuple[str, ...] | None:
    given = str(parameters.get("datasetId") or "")
    names = tuple(word.strip() for word in given.split(",") if word.strip())
    for name in names:
        if name != DEFAULT_INSTANCE:
            require_uri(name, "datasetId")
    return names or None


def from_body(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The parameters that a Query body (5.2.23, with temporalQ 5.2.21 and aggrParams 5.2.44) has; raises Problem 400."""
    found = query_body.parameters(body, context)
    for member in ("temporalQ", "aggrParams"):
        given = body.get(member)
        if given is None:
            continue
        if not isinstance(given, dict):
            raise problems.bad_request(_("{name} must be an object.", name=member), member)
        found |= _texts(given)
        if member == "aggrParams":
            found[GATHERED] = "aggregatedValues"
        if "lastN" in given:
            number = given["lastN"]
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise problems.bad_request(_("lastN is a whole number from 1 to {most}.", most=MOST_LAST), "lastN")
            found["lastN"] = str(number)
    return found


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name in TEMPORAL:
        value = given.get(name)
        if name == "aggrMethods" and isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = ",".join(value)
        if value is not None:
            if not isinstance(value, str):
                raise problems.bad_request(_("{name} must be a text.", name=name), name)
            found[name] = value
    return found
