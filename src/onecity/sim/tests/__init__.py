"""Unit tests of the simulation and of replays."""
