"""The door against what an outsider may expect of it."""

from collections.abc import Mapping, Sequence

import pytest

from onecity.kernel.twin.ngsild.http.tests.conformance import asking, minding, providing, remembering
from onecity.kernel.twin.ngsild.http.tests.conformance.steps import Step, faults
from onecity.kernel.twin.ngsild.http.tests.conftest import Client


@pytest.mark.parametrize(
    "cases",
    [providing.CASES, asking.CASES, remembering.CASES, minding.CASES],
    ids=["providing", "asking", "remembering", "minding"],
)
def test_conformance(ngsi: Client, cases: Mapping[str, Sequence[Step]]) -> None:
    assert faults(ngsi, cases) == []


def test_each_tenant_is_a_source_of_its_own(ngsi: Client) -> None:
    aliases = [
        ngsi("GET", "/info/sourceIdentity", ngsild_tenant=one).json()["contextSourceAlias"] for one in ("", "a", "b")
    ]
    assert len(set(aliases)) == 3
