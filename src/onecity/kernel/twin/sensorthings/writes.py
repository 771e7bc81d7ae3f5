"""Requests that write: what is sent is read whole, done in one transaction, and observations go to the log after it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import msgspec
import numpy as np
from django.db import DataError, IntegrityError, ProgrammingError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import quarantine, sending
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.ingest.sign_in import NOBODY
from onecity.kernel.telemetry.logic.catalogue import NO_DEVICE, Catalogue
from onecity.kernel.telemetry.logic.readings import Refusal
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.sensorthings import changing, documents, door, sets
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.batch import Answered
from onecity.kernel.twin.sensorthings.making import Maker
from onecity.kernel.twin.sensorthings.options import Options
from onecity.kernel.twin.sensorthings.reading import PREFIX, Reader, no_path, quoted, step_of
from onecity.kernel.twin.sensorthings.sets import LINKS

METHODS = frozenset({"POST", "PATCH", "PUT", "DELETE"})
ANYBODY = replace(NOBODY, number=0)


@contextmanager
def understood() -> Iterator[None]:
    """What the database refuses, in words. Raises Problem 400, 403, 404 and 409."""
    try:
        yield
    except IntegrityError as error:
        title = _("Somebody else changed this at the same time; send it again")
        raise Problem("sensorthings-conflict", title, status=409) from error
    except DataError as error:
        raise documents.wrong("", _("A text holds characters that cannot be kept")) from error
    except Entity.DoesNotExist as error:
        raise sets.none_such() from error
    except ProgrammingError as error:
        if "row-level security" not in str(error):
            raise
        raise Problem("forbidden", _("You may not change what belongs to this division"), status=403) from error


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
        key = str(self.reader.one(name, key, scope)["@iot.id"])
        entity = changing.row(self.asker, name, key)
        if method == "DELETE":
            changing.delete(self.asker, name, entity)
            return Answered(200)
        whole = method == "PUT"
        document = documents.Reader(whole=whole, fresh=False).document(name, documents.load(body))
        changing.change(self.asker, name, entity, document, whole=whole)
        row = self.reader.dressed(name, self.reader.one(name, key, {}), Options())
        return Answered(200, msgspec.json.encode(row))

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
        numbers = {number for number, _time, _result in maker.observations}
        catalogue = opened(quarantine.known_catalogue(), numbers)
        batch, refusals = door.admitted(maker.observations, catalogue, ANYBODY)
        if refused := refusals.finish():
            raise documents.wrong(f"Observations: {refused[0].reason} {refused[0].detail}")
        self.taken.append((batch, []))

    def observe(self, path: str, body: bytes) -> Answered:
        """Observations for datastreams that are there."""
        self._require_someone()
        catalogue, sender = quarantine.known_catalogue(), self.asker.device
        if sender is None:
            numbers = {number for number, _time, _result in door.wanted(f"{PREFIX}/{path}", body)}
            rows = sets.streams(self.asker).filter(id__in=numbers).values_list("id", "division_path")
            own = {number for number, division in rows if self.asker.may_write(division)}
            catalogue, sender = opened(catalogue, own), ANYBODY
        given = door.take(f"{PREFIX}/{path}", body, catalogue, sender)
        if not len(given.batch):
            # nothing is kept that could still fail
            sending.send(door.WAY, given.batch, given.refused)
        else:
            self.taken.append((given.batch, list(given.refused)))
        answer = door.told(given)
        return Answered(answer.status, answer.body, answer.headers)

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
