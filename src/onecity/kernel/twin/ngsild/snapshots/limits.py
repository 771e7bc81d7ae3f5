"""What a snapshot may be at most; stated in docs/ngsi-ld.md."""

from typing import Final

QUERIES: Final = 20
ENTITIES: Final = 50_000
HISTORIES: Final = 5_000
INSTANCES: Final = 200_000
OF_ONE_OWNER: Final = 20  # the least important of one's own goes when there would be more
LIFETIME_S: Final = 86_400.0  # where nothing is asked for
LONGEST_S: Final = 7 * 86_400.0
PREPARING_S: Final = 600.0  # after this the process that prepared it is taken for dead
PRIORITY: Final = 5
LEAST_PRIORITY, MOST_PRIORITY = 1, 10
PAIRS: Final = 50
TEXT: Final = 4_096
