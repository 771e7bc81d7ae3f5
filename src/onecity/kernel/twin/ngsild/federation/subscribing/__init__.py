"""Subscriptions to registrations (5.11): who wants to know which sources come, change and go."""
