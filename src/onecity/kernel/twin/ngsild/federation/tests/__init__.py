"""Tests of registrations, subscriptions to them, and snapshots."""
