"""Division paths as text prefixes: what a scope covers, and the half-open range of texts that begin with it."""

from collections.abc import Iterable

LAST_CODE_POINT = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)  # no text in UTF-8 holds one (RFC 3629, 3)


def covers(scopes: Iterable[str], path: str) -> bool:
    """Whether `path` lies in one of the scopes; the empty scope is everything."""
    return any(path.startswith(scope) for scope in scopes)


def minimal(paths: Iterable[str]) -> tuple[str, ...]:
    """The same scopes without those that another one already covers, sorted."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if not kept or not path.startswith(kept[-1]):
            kept.append(path)
    return tuple(kept)


def ancestors(path: str) -> tuple[str, ...]:
    """The empty path, every shorter path that ends in a slash, and `path` itself: where a right over it may be held."""
    ends = [i + 1 for i, letter in enumerate(path) if letter == "/"]
    return tuple(dict.fromkeys(["", *(path[:end] for end in ends), path]))


def upper_bound(prefix: str) -> str | None:
    """The least text above all texts that begin with `prefix`, in code point order; None where there is none.

    A btree in collation "C" answers `prefix <= text < upper_bound(prefix)`, and these two operators are leakproof in
    PostgreSQL, so the planner may use the index below a row-level security policy, which it may not with LIKE.
    """
    letters = list(prefix)
    while letters:
        code = ord(letters.pop())
        if code < LAST_CODE_POINT:
            following = code + 1
            if following in SURROGATES:
                following = SURROGATES.stop
            return "".join(letters) + chr(following)
    return None
