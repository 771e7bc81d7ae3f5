"""Draws certificates on pages, makes PDF of them and signs it."""
