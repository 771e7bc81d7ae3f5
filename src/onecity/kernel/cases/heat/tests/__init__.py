"""Tests of the heat map and the trends."""
