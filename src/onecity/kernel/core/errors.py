"""The one error type that reaches a user: what is wrong and what to do, rendered as RFC 9457 problem+json."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TYPE_PREFIX = "/problems/"
MEDIA_TYPE = "application/problem+json"
RESERVED = frozenset({"type", "title", "status", "detail", "instance", "code", "errors"})


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong value: where it stands (dotted path or JSON pointer), what is wrong with it, and a word for programs.

    `detail` may be a lazy translation; it is rendered by `str()` when the answer is written.
    """

    field: str
    detail: object
    code: str = "invalid"

    def to_dict(self) -> dict[str, str]:
        """Return the member of `errors` for this value (RFC 9457, 3 has `detail` and a pointer in its example)."""
        return {"field": self.field, "detail": str(self.detail), "code": self.code}


class Problem(Exception):  # noqa: N818 - the name of the standard: "problem details for HTTP APIs"
    """An error that tells its reader what is wrong and what to do (RFC 9457, problem details for HTTP APIs).

    `code` is a stable word for programs and becomes the `type` `/problems/<code>`; `title` and `detail` are sentences
    for people and may be lazy translations: they are rendered by `str()` in the reader's language, not when raised.
    """

    def __init__(
        self,
        code: str,
        title: object,
        *,
        status: int = 400,
        detail: object = "",
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        clash = RESERVED.intersection(extra or {})
        if clash:
            raise ValueError(f"members of a problem cannot be set through `extra`: {', '.join(sorted(clash))}")
        super().__init__(code)
        self.code = code
        self.title = title
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = dict(extra or {})

    def __str__(self) -> str:
        sentences = [str(self.title)]
        if str(self.detail):
            sentences.append(str(self.detail))
        sentences += [f"{error.field}: {error.detail}" for error in self.errors]
        return "\n".join(sentences)

    def to_dict(self, instance: str = "") -> dict[str, Any]:
        """Return the JSON object of RFC 9457, 3.1, in the language active now; `instance` names this occurrence."""
        body: dict[str, Any] = {
            "type": f"{TYPE_PREFIX}{self.code}",
            "title": str(self.title),
            "status": self.status,
            "code": self.code,
        }
        if str(self.detail):
            body["detail"] = str(self.detail)
        if instance:
            body["instance"] = instance
        if self.errors:
            body["errors"] = [error.to_dict() for error in self.errors]
        return body | self.extra

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.code, self.title, self.status, self.detail, self.errors, self.extra))


def _rebuild(  # one argument a member of the standard's object
    code: str, title: object, status: int, detail: object, errors: Sequence[FieldError], extra: Mapping[str, Any]
) -> Problem:
    return Problem(code, title, status=status, detail=detail, errors=errors, extra=extra)
