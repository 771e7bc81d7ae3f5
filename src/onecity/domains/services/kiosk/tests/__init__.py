"""Tests of the self-service terminals."""
