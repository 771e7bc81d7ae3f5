"""What a subscription may be at most, and how long is tried to deliver; stated in docs/ngsi-ld.md."""

from typing import Final

SELECTORS: Final = 100  # entries of `entities`
NAMES: Final = 500  # entries of watchedAttributes, attributes, pick, omit
PAIRS: Final = 50  # entries of receiverInfo and notifierInfo
TEXT: Final = 4_096  # characters of a name, a description, a header's value
SECONDS: Final = 10 * 366 * 86_400.0  # the longest timeInterval and throttling
LEAST_INTERVAL_S: Final = 1.0  # periodic notifications come no more often
TIMEOUT_S: Final = 10.0  # for an answer, where the subscription says nothing
LONGEST_TIMEOUT_S: Final = 60.0
LONGEST_COOLDOWN_S: Final = 3_600.0
RETRY_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)  # after the first, second … failure; then the last one
GIVE_UP_S: Final = 24 * 3_600.0  # a notification that is older is not tried again
WAITING: Final = 10_000  # notifications that may wait for one subscription; the oldest go first
ENTITIES: Final = 1_000  # entities in one notification
