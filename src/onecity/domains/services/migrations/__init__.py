"""Migrations of the services domain."""
