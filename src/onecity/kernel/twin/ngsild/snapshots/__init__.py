"""Snapshots (4.3.7, 5.16): what queries found at one moment, kept apart, to be read and played with.

What belongs to a snapshot stands in the same tables under a tenant of its own (its space), which no request can name: every
operation works on it as on anything else, and none leads out of it.
"""
