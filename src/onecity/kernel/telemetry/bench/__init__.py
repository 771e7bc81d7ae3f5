"""Measurements of ingestion: the whole way of a reading, on the real platform, with peers beside it."""
