"""Unit tests of the environment domain."""
