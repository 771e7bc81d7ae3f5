"""Tests of the package `tiers`."""
