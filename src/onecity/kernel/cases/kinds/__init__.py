"""Kinds of case at the desk: looked at, edited as drafts, reviewed and published by somebody else, taken in as files."""
