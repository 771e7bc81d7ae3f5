"""Selective disclosure, status lists and numbers as pure algorithms."""
