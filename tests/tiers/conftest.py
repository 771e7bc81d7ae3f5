"""One district with one of its towns for the tests of this folder."""

from collections.abc import Iterator

import pytest
from tests.tiers.two_tiers import Pair, start_pair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both at work, the line between them whole."""
    both = start_pair(tmp_path_factory.mktemp("tiers"))
    yield both
    both.line.close()
    both.town.stop()
    both.district.stop()
