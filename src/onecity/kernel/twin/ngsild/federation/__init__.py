"""Other sources of context: who is registered for what, and operations that are shared with them (4.3, 5.9-5.12, 5.14)."""
