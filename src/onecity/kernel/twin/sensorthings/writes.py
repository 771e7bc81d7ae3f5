"""Requests that write: what is sent is read whole, done in one transaction, and observations go to the log after it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import msgspec
import numpy as np
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import quarantine, sending
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.ingest.sign_in import NOBODY
from onecity.kernel.telemetry.logic.catalogue import NO_DEVICE, Catalogue, KnownDevice
from onecity.kernel.telemetry.logic.readings import Refusal
from onecity.kernel.twin.sensorthings import changing, correcting, documents, door, keeping, observed, sets
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.batch import Answered
from onecity.kernel.twin.sensorthings.making import Maker
from onecity.kernel.twin.sensorthings.observed import Wanted
from onecity.kernel.twin.sensorthings.options import Options
from onecity.kernel.twin.sensorthings.reading import Reader, no_path, quoted, step_of
from onecity.kernel.twin.sensorthings.sets import LINKS, Row

METHODS = frozenset({"POST", "PATCH", "PUT", "DELETE"})
ANYBODY = replace(NOBODY, number=0)


class Writer:
    """Answers requests that write, on somebody's behalf, inside one transaction; `send` belongs after it."""

    def __init__(self, request: HttpRequest, asker: Asker) -> None:
        self.reader, self.asker = Reader(request, asker), asker
        self.taken: list[tuple[Batch, list[Refusal]]] = []
        self.made = False

    def answer(self, method: str, path: str, body: bytes, query: str = "") -> Answered:
        """Do what one request asks. Raises Problem."""
        path = path.strip("/")
        if path.endswith("/$ref"):
            return self.reference(method, path.removesuffix("/$ref"), body, query)
        if method == "POST":
            last = path.rpartition("/")[2]
            return self.observe(path, body) if last in {"Observations", "CreateObservations"} else self.make(path, body)
        if not path or method not in METHODS:
            raise _no_method()
        name, key, scope, rest = self.reader.walk(path)
        if key is None or rest:
            raise _no_method()
        # the row must be where the path says
        found = self.reader.one(name, key, scope)
        if name == "Observations":
            return self.correct(method, found, body)
        key = str(found["@iot.id"])
        entity = changing.row(self.asker, name, key)
        if method == "DELETE":
            changing.delete(self.asker, name, entity)
            return Answered(200)
        whole = method == "PUT"
        document = documents.Reader(whole=whole, fresh=False).document(name, documents.load(body))
        changing.change(self.asker, name, entity, document, whole=whole)
        row = self.reader.dressed(name, self.reader.one(name, key, {}), Options())
        return Answered(200, msgspec.json.encode(row))

    def correct(self, method: str, row: Row, body: bytes) -> Answered:
        """Change or take back an observation."""
        if method == "DELETE":
            correcting.delete(self.asker, row)
            return Answered(200)
        correcting.change(self.asker, row, documents.load(body), whole=method == "PUT")
        found = self.reader.one("Observations", str(row["@iot.id"]), {})
        return Answered(200, msgspec.json.encode(self.reader.dressed("Observations", found, Options())))

    def make(self, path: str, body: bytes) -> Answered:
        """A new row, by the address of its set or by that of a row that it will belong to."""
        name, key, _scope, rest = self.reader.walk(path)
        if key is not None or rest:
            raise _no_method()
        above, _slash, _link = path.rpartition("/")
        back, own = self.parent(above, name) if above else ("", "")
        document = documents.Reader(whole=True, fresh=True).document(name, documents.load(body), back)
        if back and document.named(back):
            raise documents.wrong(back, _("The address already says what this belongs to"))
        if back:
            document.links[back] = [own]
        maker = Maker(self.asker)
        made = maker.make(name, document)
        self.made = True
        if maker.observations:
            self._take_along(maker)
        return Answered(201, headers={"Location": f"{self.reader.base}/{name}({quoted(made)})"})

    def parent(self, path: str, name: str) -> tuple[str, str]:
        """The link that leads back to the row at a path, and its id."""
        source, key, scope, _rest = self.reader.walk(path)
        back = documents.back(source, name)
        if key is None or not back:
            raise no_path(path)
        return back, str(self.reader.one(source, key, scope)["@iot.id"])

    def _take_along(self, maker: Maker) -> None:
        """Observations that came with their new datastreams: all of them, or the request fails."""
        numbers = {one.series for one in maker.observations}
        given = self._take(maker.observations, opened(quarantine.known_catalogue(), numbers), ANYBODY)
        if given.refused:
            raise documents.wrong(f"Observations: {given.refused[0].reason} {given.refused[0].detail}")
        self.taken.append((given.batch, []))

    def _take(self, found: Sequence[Wanted], catalogue: Catalogue, sender: KnownDevice) -> door.Given:
        """What of observations may enter, and in the database what is more than a reading."""
        plans = keeping.plan(door.special(found, catalogue))
        given = door.take(found, catalogue, sender, plans)
        keeping.keep(self.asker, given.rows, sorted(given.taken), plans)
        return given

    def observe(self, path: str, body: bytes) -> Answered:
        """Observations for datastreams that are there."""
        self._require_someone()
        found = observed.read(self._short(path), body)
        catalogue, sender = quarantine.known_catalogue(), self.asker.device
        if sender is None:
            rows = sets.streams(self.asker).filter(id__in={one.series for one in found})
            own = {n for n, division in rows.values_list("id", "division_path") if self.asker.may_write(division)}
            catalogue, sender = opened(catalogue, own), ANYBODY
        given = self._take(found, catalogue, sender)
        if not given.taken:
            # nothing is kept that could still fail
            sending.send(door.WAY, given.batch, given.refused)
        else:
            self.taken.append((given.batch, list(given.refused)))
        answer = door.told(given, many=path.endswith("CreateObservations"))
        return Answered(answer.status, answer.body, answer.headers)

    def _short(self, path: str) -> str:
        """The address of observations by the row they hang on alone: `Things(1)/Datastreams(2)/…` is `Datastreams(2)/…`."""
        above, _slash, last = path.rpartition("/")
        if "/" not in above:
            return path
        name, key, scope, rest = self.reader.walk(above)
        if key is None or rest:
            raise no_path(path)
        return f"{name}({self.reader.one(name, key, scope)['@iot.id']})/{last}"

    def _require_someone(self) -> None:
        if self.asker.device is None and self.asker.account is None:
            self.asker.require("")

    def reference(self, method: str, path: str, body: bytes, query: str) -> Answered:
        """Links between rows (OGC 18-088, 10.2.1.1; OData 4.0, 11.4.6)."""
        above, _slash, last = path.rpartition("/")
        source, own, scope, rest = self.reader.walk(above) if above else ("", None, {}, [])
        link, key = step_of(last)
        if own is None or rest or link not in LINKS[source]:
            raise no_path(path)
        at = source, str(self.reader.one(source, own, scope)["@iot.id"])
        if method == "DELETE":
            target = key if key is not None else _target(query.partition("$id=")[2], LINKS[source][link])
            changing.unlink(self.asker, at, link, target)
            return Answered(200)
        if method not in {"POST", "PUT"} or key is not None:
            raise _no_method()
        given = documents.load(body)
        address = given.get("@iot.id", given.get("@odata.id", given.get("@iot.selfLink", given.get("url"))))
        target = _target(documents.key_text(address, link), LINKS[source][link])
        changing.link(self.asker, at, link, target, instead=method == "PUT")
        return Answered(200)

    def send(self) -> None:
        """Have the observations in the log. Raises Problem 503, which says what is kept all the same."""
        try:
            for batch, refused in self.taken:
                sending.send(door.WAY, batch, refused)
        except Problem as problem:
            if not self.made:
                raise
            title = _("What was sent is kept, but not its observations; send these again")
            raise Problem(problem.code, title, status=problem.status, detail=problem.detail) from problem


def opened(catalogue: Catalogue, numbers: Collection[int]) -> Catalogue:
    """The catalogue for a sender who is no device: of all series these are his."""
    owner = np.full(len(catalogue.owner), NO_DEVICE, np.int32)
    owner[[number for number in numbers if 0 <= number < len(owner)]] = ANYBODY.number
    return replace(catalogue, owner=owner)


def _target(address: str, name: str) -> str:
    """The id in an address of a row, or an id alone. Raises Problem 400."""
    last = urlsplit(address).path.rpartition("/")[2]
    if "(" not in last:
        return last or address
    found, key = step_of(last)
    if found != name or key is None:
        raise documents.wrong(address[:100], _("This address does not lead to what can be linked here"))
    return key


def _no_method() -> Problem:
    return Problem("method_not_allowed", _("This address does not offer that method"), status=405)
