"""What an operation over several sources may be at most; stated in docs/ngsi-ld.md."""

from typing import Final

# requests to sources that one client's request has under way at once
AT_ONCE: Final = 8
MOST_BYTES: Final = 16 * 2**20
TIMEOUT_S: Final = 5.0
LONGEST_TIMEOUT_S: Final = 60.0
# a source that failed so often in a row without a cooldown of its own is left alone for a moment
FAILURES: Final = 3
COOLDOWN_S: Final = 2.0
# entities that one page of a source holds, and that are taken of one source for one answer
PAGE: Final = 1000
MOST_PULLED: Final = 10_000
MOST_PAGES: Final = 12
# as far as a client can page without an entity map
MOST_PAGED: Final = 10_000
# entities that an entity map holds, how long it lives, and how long at most
MOST_MAPPED: Final = 100_000
LIFETIME_S: Final = 600
LONGEST_LIFETIME_S: Final = 86_400
# entity maps of one tenant
MOST_MAPS: Final = 1_000
# warnings that are passed on of one source, and characters of each
MOST_WARNINGS: Final = 8
LONGEST_WARNING: Final = 300
# answers that are kept for `cacheDuration`
MOST_CACHED: Final = 500
MOST_CACHED_BYTES: Final = 256 * 1024
# entities of one answer whose different values are counted over several sources
MOST_SETTLED: Final = 20
