import threading

import pytest

from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.tests.conftest import until


@pytest.fixture
def links(running_broker):
    opened = []

    def connect():
        link = running_broker.link()
        link.open()
        opened.append(link)
        return link

    yield connect
    for link in opened:
        link.close()


def test_messages_of_all_sizes_arrive_whole_and_in_order(links):
    reader, writer = links(), links()
    reader.subscribe("t.>")
    reader.request("$JS.API.INFO", b"")  # the broker has heard of the subscription
    sent = [bytes([number % 256]) * size for number, size in enumerate([0, 1, 5, 1000, 70_000, 2_000_000, 3] * 20)]
    thread = threading.Thread(target=lambda: [writer.publish(f"t.{n}", body) for n, body in enumerate(sent)])
    thread.start()
    got = []
    until(lambda: got.extend(reader.take(1)) or len(got) == len(sent))
    thread.join()
    assert [message.payload for message in got] == sent
    assert [message.subject for message in got] == [f"t.{n}".encode() for n in range(len(sent))]


def test_what_arrives_while_a_request_waits_is_not_lost(links):
    reader, writer = links(), links()
    reader.subscribe("t.x")
    reader.request("$JS.API.INFO", b"")
    count = 5_000
    thread = threading.Thread(target=lambda: [writer.publish("t.x", b"%d" % n) for n in range(count)])
    thread.start()
    got = []
    until(lambda: reader.request("$JS.API.INFO", b"") and got.extend(reader.take(0.01)) or len(got) == count)
    thread.join()
    assert [message.payload for message in got] == [b"%d" % n for n in range(count)]


def test_a_group_shares_its_messages(links):
    first, second, writer = links(), links(), links()
    for link in (first, second):
        link.subscribe("t.g", "group")
        link.request("$JS.API.INFO", b"")
    for number in range(100):
        writer.publish("t.g", b"%d" % number)
    writer.request("$JS.API.INFO", b"")
    got = []
    until(lambda: got.extend(first.take(0.05) + second.take(0.05)) or len(got) == 100)
    assert sorted(int(message.payload) for message in got) == list(range(100))


def test_what_goes_wrong_is_a_link_error(links, running_broker):
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
