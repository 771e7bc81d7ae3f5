"""Devices of the city's sensor network: what they are, where they stand, how they fare, and what their values foretell."""
