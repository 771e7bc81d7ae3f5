"""What a request may be at most; stated in docs/ngsi-ld.md."""

MAX_BODY = 20 * 2**20
# of a compressed body
MAX_INFLATED = 64 * 2**20
MAX_DEPTH = 64
MAX_BATCH = 20_000
MAX_URI = 16 * 1024
MAX_URN = 1024
DEFAULT_LIMIT, MAX_LIMIT = 20, 1000
MAX_OFFSET = 10_000_000
# answers below this are not worth compressing
MIN_COMPRESSED = 1400
