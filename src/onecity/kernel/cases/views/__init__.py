"""Pages of the desk for cases: lists, one case with what may be done, a new case, and its files."""
