"""The client of the NGSI-LD door, for tests of subscriptions."""

from onecity.kernel.twin.ngsild.http.tests.conftest import ngsi

__all__ = ["ngsi"]
