"""The door of SensorThings: reading, writing and batches, each request in a transaction of whoever asks."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

import msgspec
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from onecity.kernel.core.errors import MEDIA_TYPE, Problem
from onecity.kernel.people.doors import PUBLIC, mark
from onecity.kernel.twin.sensorthings import asker, batch
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.batch import Answered, Asked
from onecity.kernel.twin.sensorthings.reading import PREFIX, Reader
from onecity.kernel.twin.sensorthings.understanding import understood
from onecity.kernel.twin.sensorthings.writes import METHODS, Writer


@csrf_exempt
@transaction.non_atomic_requests
def serve(request: HttpRequest, path: str = "") -> HttpResponse:
    """Answer one request; reading and writing are for whoever may see and change the entity."""
    try:
        return _answer(request, path, asker.of(request))
    except Problem as problem:
        return JsonResponse(problem.to_dict(request.path), status=problem.status, content_type=MEDIA_TYPE)


mark(serve, PUBLIC)


def _answer(request: HttpRequest, path: str, asking: Asker) -> HttpResponse:
    if path == "$batch" and request.method == "POST":
        answer = _Batch(request, asking).answer
        kind, body = batch.serve(request.body, request.headers.get("Content-Type", ""), answer)
        return HttpResponse(body, content_type=kind)
    if request.method in {"GET", "HEAD"}:
        with asking.acting():
            found = Reader(request, asking).answer(path.strip("/"))
        if isinstance(found, str):
            return HttpResponse(found, content_type="text/plain; charset=utf-8")
        return JsonResponse(found, json_dumps_params={"ensure_ascii": False})
    if request.method not in METHODS:
        raise Problem("method_not_allowed", _("This address does not offer that method"), status=405)
    declared = request.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > batch.MOST_BYTES:
        raise Problem("too_large", _("The request is too large"), status=413)
    writer = Writer(request, asking)
    with understood(), asking.acting():
        told = writer.answer(request.method, path, request.body, request.META.get("QUERY_STRING", ""))
    writer.send()
    headers = {"Content-Type": "application/json", **told.headers}
    return HttpResponse(told.body, status=told.status, headers=headers)


class _Batch:
    """Answers the requests of one batch, all as the one who asks."""

    def __init__(self, request: HttpRequest, asking: Asker) -> None:
        self.request, self.asking = request, asking
        # what was made by the requests before, under their ids
        self.made: dict[str, str] = {}

    def answer(self, asked: Sequence[Asked]) -> list[Answered]:
        """Requests that belong together: all are done, or none."""
        made = dict(self.made)
        writer = Writer(self.request, self.asking)
        try:
            with understood(), self.asking.acting():
                found = [self.one(writer, one) for one in asked]
            writer.send()
        except Problem as problem:
            self.made = made
            return [_problem(problem, one.url) for one in asked]
        return found

    def one(self, writer: Writer, one: Asked) -> Answered:
        """Answer one; raises Problem."""
        parts = urlsplit(self._named(one.url))
        path = parts.path.removeprefix(PREFIX).strip("/")
        if one.method == "GET":
            reader = Reader(self.request, self.asking)
            reader.pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=50)
            return Answered(200, msgspec.json.encode(reader.answer(path)))
        told = writer.answer(one.method, path, self._linked(one.body), parts.query)
        if place := told.headers.get("Location"):
            self.made[one.number] = place.partition(PREFIX)[2].strip("/")
        return told

    def _named(self, url: str) -> str:
        """An address in which `$id` stands for what the request of that id made (OData JSON batch, 19.1)."""
        name, slash, rest = url.removeprefix("/").partition("/")
        return f"{self.made[name[1:]]}{slash}{rest}" if name.startswith("$") and name[1:] in self.made else url

    def _linked(self, body: bytes) -> bytes:
        """A body in which `"@iot.id": "$id"` does."""
        for number, place in self.made.items() if b'"$' in body else ():
            key = place.partition("(")[2].removesuffix(")").strip("'")
            text = msgspec.json.encode(int(key) if key.isdigit() else key)
            body = body.replace(b'"$' + number.encode() + b'"', text)
        return body


def _problem(problem: Problem, place: str) -> Answered:
    body = msgspec.json.encode(problem.to_dict(place))
    return Answered(problem.status, body, {"Content-Type": MEDIA_TYPE})
