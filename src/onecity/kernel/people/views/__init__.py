"""Pages of one's own account, and of signing in to other systems with it."""
