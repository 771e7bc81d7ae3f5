"""Schema history of this package."""
