"""Tests on real measured data; skipped with a clear reason where the data are not at hand."""
