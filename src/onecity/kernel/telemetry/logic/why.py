"""What exactly is wrong, as a code with its parts: kept as such, and put into words in its reader's language.

A detail is text that needs no translation (names, figures), or `~code|part|part`; `words.detail` knows the sentences.
"""

MARK, BAR = "~", "|"


def why(code: str, *parts: object) -> str:
    """A code with its parts as one text."""
    return MARK + BAR.join([code, *(str(part).replace(BAR, "/") for part in parts)])


def read(text: str) -> tuple[str, list[str]] | None:
    """Code and parts of a text that `why` made, None for any other."""
    if not text.startswith(MARK):
        return None
    code, *parts = text[len(MARK) :].split(BAR)
    return code, parts
