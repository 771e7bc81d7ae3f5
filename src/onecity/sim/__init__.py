"""A simulated district: devices that speak the real protocols, for the demonstration and for tests."""
