"""Pages of telemetry: refused readings at the desk, and what monitoring asks."""
