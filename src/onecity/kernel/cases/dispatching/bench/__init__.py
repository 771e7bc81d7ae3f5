"""Compares ways of dispatch on simulated districts: late arrivals, mean response, and what the best could reach."""

from onecity.kernel.cases.dispatching.bench.compare import run

__all__ = ["run"]
