"""Every registered domain keeps to the contract that lets twenty systems live in one house."""

from pathlib import Path

import pytest
from django.utils import translation

import onecity.domains
from onecity.kernel.registry import conformance
from onecity.kernel.registry.domain import Domain
from onecity.project import domains

FOLDER = Path(onecity.domains.__file__).parent


@pytest.fixture(params=domains.ALL, ids=lambda domain: domain.name)
def domain(request: pytest.FixtureRequest) -> Domain:
    domains.load()
    found = request.param
    assert isinstance(found, Domain)
    return found


def in_chinese(text: object) -> str:
    with translation.override("zh-hans"):
        return str(text)


def test_the_domain_conforms(domain: Domain) -> None:
    assert conformance.faults(domain, FOLDER / domain.name, in_chinese) == []


def test_its_pages_exist(domain: Domain) -> None:
    assert conformance.page_faults(domain) == []


def test_its_tables_keep_to_themselves(domain: Domain) -> None:
    assert conformance.model_faults(domain) == []


def test_every_folder_of_a_domain_is_registered() -> None:
    folders = {path.parent.name for path in FOLDER.glob("*/apps.py")}
    assert folders == {domain.name for domain in domains.ALL}
