"""Which addresses the platform may be sent to, written in every way that people have tried."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.outbound import Target, address, choose, embedded, is_public, may_reach, networks, target

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - nothing is bound here
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_are_not_reached(text: str) -> None:
    assert not is_public(address(text))
    with pytest.raises(Problem) as caught:
        choose("city.example", ["8.8.8.8", text])
    assert caught.value.code == "outbound_refused"


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_reached(text: str) -> None:
    assert choose("city.example", [text, text]) == [text]


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_like_itself(inner: ipaddress.IPv4Address) -> None:
    for text in (f"::ffff:{inner}", f"64:ff9b::{inner}"):
        outer = address(text)
        assert embedded(outer) == inner
        assert is_public(outer) == is_public(inner)


def test_networks_that_an_administrator_opened() -> None:
    allow = networks(["10.2.0.0/16", "::1/128"])
    assert may_reach(address("10.2.3.4"), allow)
    assert may_reach(address("::ffff:10.2.3.4"), allow)
    assert may_reach(address("::1"), allow)
    assert not may_reach(address("10.3.0.1"), allow)
    assert not may_reach(address("127.0.0.1"), allow)


def test_a_name_without_addresses() -> None:
    with pytest.raises(Problem) as caught:
        choose("nowhere.example", [])
    assert caught.value.code == "outbound_failed"


def test_where_a_url_leads() -> None:
    assert target("https://city.example/a") == Target("https", "city.example", 443)
    assert target("http://[2001:db8::1]:81/") == Target("http", "2001:db8::1", 81)
    assert target("mqtts://broker.example/topic", ("mqtt", "mqtts")) == Target("mqtts", "broker.example", 8883)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://city.example/",
        "file:///etc/passwd",
        "city.example",
        "http://",
        "http://user@city.example/",
        "http://user:secret@city.example/",
        "http://city.example:99999/",
        "http://[::1/",
        "http://" + "a" * 3_000,
        "",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(Problem) as caught:
        target(url)
    assert caught.value.code == "outbound_refused"
