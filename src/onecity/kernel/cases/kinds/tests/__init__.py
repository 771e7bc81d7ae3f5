"""Tests of the pages of kinds."""
