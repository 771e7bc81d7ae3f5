"""Entities in the database: group-committed writing, reading under row-level security, and the change log."""
