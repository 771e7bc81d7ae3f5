"""Tests of the bottlenecks."""
