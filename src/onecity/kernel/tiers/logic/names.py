"""Names on the wire between a town and its district: domains, streams, subjects, and what each side may use.

A town's subjects all carry its code, so that nothing of one town can be taken for another's and no stream of the district
listens to what a town's stream keeps: a subject kept on both sides would store one publication twice.
"""

import re
from collections.abc import Mapping, Sequence

ACCOUNT = "TIERS"
USER = "onecity-tiers"
DISTRICT = "district"
DISTRICT_DOMAIN = "district"
READINGS, CHANGES = "readings", "changes"
CHANNELS = (READINGS, CHANGES)
# a line that is cut says nothing: what is asked of the other side is asked again after a few seconds
PATIENCE_S = 1.5
CODE = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")


def check(code: str) -> str:
    """The code of a town, where it can stand in a subject; raises ValueError."""
    if not CODE.match(code):
        raise ValueError(f"{code!r} cannot name a town: letters, digits, - and _ only")
    return code


def domain(code: str) -> str:
    """The JetStream domain of a town's broker."""
    return f"town-{code}"


def up_stream(code: str) -> str:
    """The town's stream of what goes up."""
    return f"UP_{code}"


def down_stream(code: str) -> str:
    """The district's stream of what goes down to one town."""
    return f"DOWN_{code}"


def up_subject(code: str, channel: str) -> str:
    """The subject of a town's messages of one channel."""
    return f"town.{code}.{channel}"


def down_subject(code: str) -> str:
    """The subject of the district's messages to a town."""
    return f"down.{code}.{CHANGES}"


def hello_subject(code: str) -> str:
    """Where a town asks its district how far it has come."""
    return f"tier.{code}.hello"


def district_inbox(code: str) -> str:
    """Where the district takes what it asked of a town."""
    return f"from.{code}"


def town_inbox(code: str) -> str:
    """Where a town takes what it asked of the district."""
    return f"to.{code}"


def file_subject(inbox: str) -> str:
    """Where the side whose inbox this is is asked for files; the link's rights hold as for any other message there."""
    return f"{inbox}.file"


def api(domain_name: str) -> str:
    """Where another installation's streams are asked for."""
    return f"$JS.{domain_name}.API"


def town_rights(code: str) -> Mapping[str, Sequence[str]]:
    """What a town's link may publish to the district and subscribe there: its own subjects, and reading its own stream."""
    own, district = down_stream(code), api(DISTRICT_DOMAIN)
    return {
        "publish": (
            hello_subject(code),
            f"{district_inbox(code)}.>",
            f"{district}.STREAM.INFO.{own}",
            f"{district}.CONSUMER.CREATE.{own}",
            f"{district}.CONSUMER.MSG.NEXT.{own}.*",
        ),
        "subscribe": (f"{town_inbox(code)}.>", f"{api(domain(code))}.>"),
    }


def stream_settings(name: str, subjects: Sequence[str], most_bytes: int) -> Mapping[str, object]:
    """A stream that keeps everything until it is shortened by its own side; when full it takes nothing more.

    Never a work queue: such streams lose messages across a cut (nats-io/nats-server#4109).
    """
    return {
        "name": name,
        "subjects": list(subjects),
        "retention": "limits",
        "discard": "new",
        "storage": "file",
        "max_bytes": most_bytes,
        "num_replicas": 1,
        "duplicate_window": 120_000_000_000,
    }
