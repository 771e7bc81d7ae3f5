"""Tests of the package `twin`."""
