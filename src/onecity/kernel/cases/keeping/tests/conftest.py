"""The clock of the tests of cases."""

from onecity.kernel.cases.tests.conftest import clock

__all__ = ["clock"]
