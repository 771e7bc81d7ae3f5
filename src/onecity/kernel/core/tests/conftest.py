"""The core's tests read its sentences as they stand in the code, whatever language the platform shows."""

from collections.abc import Iterator

import pytest

from onecity.kernel.core.text import use_translator


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with use_translator(str):
        yield
