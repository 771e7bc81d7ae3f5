"""Template tags of applying."""
