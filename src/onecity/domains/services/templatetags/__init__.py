"""Template tags of the services domain."""
