"""Subscriptions at sources: passed on, kept in step, and what the sources tell passed on to the subscriber (5.8.1.4, 5.8.6)."""
