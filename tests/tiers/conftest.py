"""One district with one of its towns for the tests of this folder; their long form runs only by `make soak`."""

from collections.abc import Iterator

import pytest
from tests.tiers.two_tiers import Pair, start_pair


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "soak: the long form of a fault test, run by `make soak`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "soak" in config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    if long:
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both at work, the line between them whole."""
    both = start_pair(tmp_path_factory.mktemp("tiers"))
    yield both
    both.line.close()
    both.town.stop()
    both.district.stop()
