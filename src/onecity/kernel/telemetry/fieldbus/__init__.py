"""The field: what the platform asks, follows or listens to by itself, each source on its own and nothing lost."""
