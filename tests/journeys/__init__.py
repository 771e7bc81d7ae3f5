"""What people do, in a real browser at the running platform."""
