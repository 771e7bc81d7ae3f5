"""The live stream on a real database: what arrives, what does not, and what it costs."""

import asyncio
import json
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.http import HttpRequest, StreamingHttpResponse
from django.test import AsyncRequestFactory

from onecity.kernel.access.session import acting_as
from onecity.kernel.notify import feed
from onecity.kernel.people.models import Account
from onecity.kernel.web import hub as hubs
from onecity.kernel.web import live
from onecity.kernel.web.stream import Batch, Key, batch_of

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 5.0


def reading_as_app(key: Key) -> Batch:
    """As `hubs.read`, but as the application's role, which row-level security binds."""
    account_id, cursor = key
    with acting_as(account_id), connection.cursor() as sql:
        sql.execute("SET LOCAL ROLE onecity_app")
        return batch_of(feed.since(cursor)) if cursor else Batch(feed.head(), (), gap=False)


@pytest.fixture
async def hub() -> AsyncIterator[hubs.Hub]:
    made = hubs.Hub(reading_as_app)
    hubs._hubs[asyncio.get_running_loop()] = made
    yield made
    await made.close()
    await sync_to_async(connections.close_all)()


def publish(ref: str, *, public: bool = True, account_id: uuid.UUID | None = None) -> None:
    feed.publish("case", division_path="adm/1/", ref=ref, payload={"n": 1}, public=public, account_id=account_id)


def request(user: Any, cursor: str = "") -> HttpRequest:
    asked = AsyncRequestFactory().get("/live", {"cursor": cursor} if cursor else {})

    async def auser() -> Any:
        return user

    asked.auser = auser
    return asked


class Nobody:
    is_authenticated = False


async def opened(user: Any, cursor: str = "") -> AsyncGenerator[str, None]:
    response = await live.live(request(user, cursor))
    assert isinstance(response, StreamingHttpResponse)
    assert response["Content-Type"] == "text/event-stream"
    frames = response.streaming_content
    assert isinstance(frames, AsyncGenerator)
    del response
    first = await asyncio.wait_for(anext(aiter(frames)), SOON)
    assert "event: beat" in first.decode()

    async def rest() -> AsyncGenerator[str, None]:
        async with aclosing(frames):
            async for frame in frames:
                yield frame.decode()

    return rest()


async def refs(frames: AsyncGenerator[str, None], count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        frame = await asyncio.wait_for(anext(frames), SOON)
        data = frame.split("data: ", 1)[1]
        if "event: changes" in frame:
            found += [change["ref"] for change in json.loads(data)]
    return found


async def test_nobody_signed_in_hears_what_is_public_and_nothing_else(hub: hubs.Hub) -> None:
    frames = await opened(Nobody())
    await sync_to_async(publish)("hidden", public=False)
    await sync_to_async(publish)("open")
    assert await refs(frames, 1) == ["open"]
    await frames.aclose()
    await nobody_listens(hub)


async def test_a_person_hears_what_is_his_and_a_stranger_does_not(hub: hubs.Hub) -> None:
    mine, other = Account(id=uuid.uuid4()), Account(id=uuid.uuid4())
    my_frames, other_frames = await opened(mine), await opened(other)
    await sync_to_async(publish)("for-me", public=False, account_id=mine.id)
    await sync_to_async(publish)("for-all")
    assert await refs(my_frames, 2) == ["for-me", "for-all"]
    assert await refs(other_frames, 1) == ["for-all"]
    await my_frames.aclose()
    await other_frames.aclose()


async def test_a_stream_goes_on_where_the_last_one_stopped(hub: hubs.Hub) -> None:
    cursor = await sync_to_async(feed.head)()
    await sync_to_async(publish)("while-away")
    frames = await opened(Nobody(), cursor)
    assert await refs(frames, 1) == ["while-away"]
    await frames.aclose()


async def test_a_cursor_of_the_future_asks_the_page_to_load_again(hub: hubs.Hub) -> None:
    frames = await opened(Nobody(), "999999999999-0")
    assert "event: gap" in await asyncio.wait_for(anext(frames), SOON)
    await frames.aclose()


async def test_a_cursor_that_is_none_is_a_problem(hub: hubs.Hub) -> None:
    response = await live.live(request(Nobody(), "x"))
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert hub.streams == 0


async def test_two_hundred_streams_share_one_question_and_hold_no_connection(hub: hubs.Hub) -> None:
    streams = [await opened(Nobody()) for _ in range(200)]
    assert hub.streams == 200
    asked: list[Key] = []

    def counting(key: Key) -> Batch:
        asked.append(key)
        return reading_as_app(key)

    hub._reading = counting
    await sync_to_async(publish)("one")
    assert await asyncio.gather(*(refs(frames, 1) for frames in streams)) == [["one"]] * 200
    # a few ticks, each with one question, instead of two hundred questions
    assert len(asked) < 20
    assert await sync_to_async(backends)() <= 4
    await asyncio.gather(*(frames.aclose() for frames in streams))
    await nobody_listens(hub)


async def nobody_listens(hub: hubs.Hub) -> None:
    async with asyncio.timeout(SOON):
        while hub.streams:
            await asyncio.sleep(0)


def backends() -> int:
    """The connections to the test's database: the test's own, the reader's, the listener's."""
    with connection.cursor() as sql:
        sql.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(sql.fetchone()[0])


async def test_streams_end_at_once_when_the_process_is_to_stop(hub: hubs.Hub) -> None:
    frames = await opened(Nobody())
    waiting = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0)
    hub.end()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(waiting, SOON)
    later = await opened(Nobody())
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(later), SOON)


SERVER = """
import asyncio, signal
from onecity.kernel.web.ending import call_at_end

async def main():
    loop, told, stop = asyncio.get_running_loop(), [], asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, lambda: (told.append("server"), stop.set()))
    call_at_end(loop, lambda: told.append("streams"))
    print("ready", flush=True)
    await stop.wait()
    await asyncio.sleep(0)
    print(sorted(told), flush=True)

asyncio.run(main())
"""


def test_the_streams_and_the_server_both_hear_the_signal() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0] == "['server', 'streams']\n"
