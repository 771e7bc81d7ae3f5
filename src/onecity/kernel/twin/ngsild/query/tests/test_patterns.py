"""Regular expressions: the same answer from `re`, from the automaton and from PostgreSQL, and never without end."""

import random
import re
import time

import pytest
from django.db import connection

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.query.patterns import Pattern

TEXTS = [
    "",
    "a",
    "b",
    "ab",
    "aab",
    "abab",
    "-",
    "a-b",
    "A1",
    "10",
    "a\nb",
    "\n",
    "é",
    "中文",
    "a.b",
    "]",
    "^",
    "\\",
    "urn:ngsi-ld:E:12",
]


def random_pattern(rng: random.Random, depth: int = 0) -> str:
    if depth > 3 or rng.random() < 0.4:
        return rng.choice(
            [
                "a",
                "b",
                ".",
                "[ab]",
                "[^a]",
                "[a-c1]",
                "\\d",
                "\\W",
                "\\.",
                "-",
                "é",
                "[[:alpha:]]",
                "[]a]",
                "[a\\-b]",
                "^",
                "$",
                "\\n",
            ]
        )
    pick = rng.random()
    if pick < 0.4:
        return random_pattern(rng, depth + 1) + random_pattern(rng, depth + 1)
    if pick < 0.6:
        return f"({random_pattern(rng, depth + 1)}|{random_pattern(rng, depth + 1)})"
    return f"({random_pattern(rng, depth + 1)})" + rng.choice(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])


@pytest.mark.django_db
def test_three_engines_agree() -> None:
    rng = random.Random(5)
    for _turn in range(400):
        source = random_pattern(rng)
        pattern = Pattern(source)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT array_agg(t ~ %s ORDER BY n) FROM unnest(%s::text[]) WITH ORDINALITY u (t, n)",
                [pattern.sql, TEXTS],
            )
            (database,) = cursor.fetchone() or ((),)
        assert [pattern.automaton.search(text) for text in TEXTS] == database, source
        assert [pattern.search(text) for text in TEXTS] == database, source


@pytest.mark.parametrize(
    "source",
    ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "([a-z]+)*[0-9]", "(.*)*x", ".*.*.*=.*", "(a?){60}a{60}b", "^(a*)*(a*)*c"],
)
def test_patterns_that_stop_other_engines(source: str) -> None:
    pattern = Pattern(source)
    started = time.perf_counter()
    assert not pattern.search("a" * 30_000)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "source",
    [
        "(",
        ")",
        "[",
        "a**",
        "*",
        "a{3,2}",
        "a{999}",
        "(?=a)",
        "(?P<n>a)",
        "\\1",
        "\\b",
        "[z-a]",
        "[[:nope:]]",
        "a\\",
        "((a{200}){200}){200}",
        "(" * 30 + ")" * 30,
        "a" * 2000,
        "^*",
    ],
)
def test_refused(source: str) -> None:
    with pytest.raises(Problem) as caught:
        Pattern(source, "idPattern")
    assert caught.value.to_dict()["parameter"] == "idPattern"


def test_search_finds_a_part_and_anchors_hold_it() -> None:
    assert Pattern("ei.*l").search("Reichel")
    assert not Pattern("^ei").search("Reichel")
    assert not Pattern("a$").search("a\n")
    assert Pattern("(?i)ÉCOLE").search("école")
    assert re.search(Pattern("a.b").sql, "a\nb", re.DOTALL)
