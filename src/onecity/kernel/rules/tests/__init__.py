"""Tests of the package `rules`."""
