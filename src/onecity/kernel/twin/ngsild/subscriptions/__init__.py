"""Subscriptions: who is told of which changes, and how the word reaches him (5.8, 6.10, 6.11, 7.2)."""
