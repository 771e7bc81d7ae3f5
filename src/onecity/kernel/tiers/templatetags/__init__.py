"""Template tags of the tiers."""
