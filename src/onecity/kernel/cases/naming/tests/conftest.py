"""The small district of the tests of cases."""

from onecity.kernel.cases.tests.conftest import clock, town

__all__ = ["clock", "town"]
