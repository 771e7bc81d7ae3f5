"""A problem renders as RFC 9457 says, in the language of the reader."""

import pickle

import pytest

from onecity.kernel.core.errors import FieldError, Problem


class Lazy:
    """A title whose text is decided when it is read, as a lazy translation is."""

    language = "en"

    def __str__(self) -> str:
        return {"en": "Not found", "zh": "没有找到"}[Lazy.language]


def test_only_the_members_that_are_set_are_written() -> None:
    assert Problem("not-found", "Not found", status=404).to_dict() == {
        "type": "/problems/not-found",
        "title": "Not found",
        "status": 404,
        "code": "not-found",
    }


def test_all_members() -> None:
    problem = Problem(
        "bad-area",
        "The area cannot be used",
        status=422,
        detail="Two values are wrong.",
        errors=[FieldError("lon", "above 180", "range"), FieldError("name", "is empty")],
        extra={"limit": 180},
    )
    assert problem.to_dict("/requests/7") == {
        "type": "/problems/bad-area",
        "title": "The area cannot be used",
        "status": 422,
        "code": "bad-area",
        "detail": "Two values are wrong.",
        "instance": "/requests/7",
        "errors": [
            {"field": "lon", "detail": "above 180", "code": "range"},
            {"field": "name", "detail": "is empty", "code": "invalid"},
        ],
        "limit": 180,
    }
    assert str(problem) == "The area cannot be used\nTwo values are wrong.\nlon: above 180\nname: is empty"


def test_a_lazy_title_is_rendered_when_read(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem("not-found", Lazy(), status=404)
    assert problem.to_dict()["title"] == "Not found"
    monkeypatch.setattr(Lazy, "language", "zh")
    assert problem.to_dict()["title"] == "没有找到"


def test_extra_cannot_shadow_a_member_of_the_standard() -> None:
    with pytest.raises(ValueError, match="status"):
        Problem("x", "X", extra={"status": 200})


def test_a_problem_survives_pickling() -> None:
    problem = Problem("x", "X", status=409, detail="d", errors=(FieldError("a", "b"),), extra={"k": 1})
    again = pickle.loads(pickle.dumps(problem))  # noqa: S301 - the bytes are our own
    assert again.to_dict() == problem.to_dict()
