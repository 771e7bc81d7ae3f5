"""Migrations of the tiers."""
