"""Applying from end to end over the simulated district's registers."""
