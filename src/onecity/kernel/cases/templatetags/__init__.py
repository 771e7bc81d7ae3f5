"""Filters of the pages of cases."""
