"""What is kept of subscriptions at sources, and how long is tried; stated in docs/ngsi-ld.md."""

from typing import Final

# exchanges about subscriptions that are under way at once, in all and with one source
AT_ONCE: Final = 32
AT_ONE_SOURCE: Final = 4
# seconds after the first, second … failure; then the last one
RETRY_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
# a source that cannot be told that it may forget a subscription is not told any more after this time
FORGET_S: Final = 24 * 3_600.0
# notifications of one source for one subscription that may wait, and bytes of each
WAITING: Final = 1_000
MOST_BYTES: Final = 4 * 2**20
# notifications that are passed on in one step, in how many at once entities are looked for elsewhere (split entities)
MOST_HEARD: Final = 200
MOST_SPLIT: Final = 8
# how long what was told is remembered, so that it is not told again
REMEMBER_S: Final = 3_600.0
# how long a notification waits for its subscription, or its @context, to be known
PATIENCE_S: Final = 60.0
