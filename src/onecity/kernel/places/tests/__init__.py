"""Unit tests of places."""
