"""The connection to the broker carries everything whole, in order, and says what goes wrong."""

import threading
from collections.abc import Callable, Iterator

import pytest

from onecity.kernel.telemetry.link import Link, LinkError, Message
from onecity.kernel.telemetry.tests.conftest import Broker, until

Links = Callable[[], Link]


@pytest.fixture
def links(running_broker: Broker) -> Iterator[Links]:
    opened: list[Link] = []

    def connect() -> Link:
        link = running_broker.link()
        link.open()
        opened.append(link)
        return link

    yield connect
    for link in opened:
        link.close()


def test_messages_of_all_sizes_arrive_whole_and_in_order(links: Links) -> None:
    reader, writer = links(), links()
    reader.subscribe("t.>")
    reader.request("$JS.API.INFO", b"")  # the broker has heard of the subscription
    sent = [bytes([number % 256]) * size for number, size in enumerate([0, 1, 5, 1000, 70_000, 2_000_000, 3] * 20)]

    def publish_all() -> None:
        for number, body in enumerate(sent):
            writer.publish(f"t.{number}", body)

    thread = threading.Thread(target=publish_all)
    thread.start()
    got: list[Message] = []

    def all_came() -> bool:
        got.extend(reader.take(1))
        return len(got) == len(sent)

    until(all_came)
    thread.join()
    assert [message.payload for message in got] == sent
    assert [message.subject for message in got] == [f"t.{n}".encode() for n in range(len(sent))]


def test_what_arrives_while_a_request_waits_is_not_lost(links: Links) -> None:
    reader, writer = links(), links()
    reader.subscribe("t.x")
    reader.request("$JS.API.INFO", b"")
    count = 5_000

    def publish_all() -> None:
        for number in range(count):
            writer.publish("t.x", b"%d" % number)

    thread = threading.Thread(target=publish_all)
    thread.start()
    got: list[Message] = []

    def all_came() -> bool:
        reader.request("$JS.API.INFO", b"")
        got.extend(reader.take(0.01))
        return len(got) == count

    until(all_came)
    thread.join()
    assert [message.payload for message in got] == [b"%d" % n for n in range(count)]


def test_a_group_shares_its_messages(links: Links) -> None:
    first, second, writer = links(), links(), links()
    for link in (first, second):
        link.subscribe("t.g", "group")
        link.request("$JS.API.INFO", b"")
    for number in range(100):
        writer.publish("t.g", b"%d" % number)
    writer.request("$JS.API.INFO", b"")
    got: list[Message] = []

    def all_came() -> bool:
        got.extend([*first.take(0.05), *second.take(0.05)])
        return len(got) == 100

    until(all_came)
    assert sorted(int(message.payload) for message in got) == list(range(100))


def test_what_goes_wrong_is_a_link_error(links: Links, running_broker: Broker) -> None:
    link = links()
    with pytest.raises(LinkError, match="nobody answers nobody"):
        link.request("nobody", b"")
    with pytest.raises(LinkError, match="Authorization"):
        Link(running_broker.url, "onecity", "wrong").open()
    with pytest.raises(LinkError, match="refused"):
        Link("nats://127.0.0.1:1", "onecity", "x").open()
    closed = Link(running_broker.url, "onecity", "x")
    with pytest.raises(LinkError, match="closed"):
        closed.publish("t", b"")
