"""Tests across packages: architecture, contracts, journeys, real data, faults."""
