"""Migrations of the self-service terminals."""
