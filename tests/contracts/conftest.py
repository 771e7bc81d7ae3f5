"""The district that the contract tests stand in."""

from pathlib import Path

import pytest

from onecity.kernel.places import district
from onecity.project import sample_district, sample_towns


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = sample_district.write_archives(tmp_path_factory.mktemp("archives"))
    return {package.name: folder / package.file_name for package in district.PACKAGES}


@pytest.fixture
def city(db: None, archives: dict[str, Path]) -> sample_towns.City:
    return sample_towns.build(archives)
