"""The inspector's phone: what it keeps, and what it sends once, with or without signal."""
