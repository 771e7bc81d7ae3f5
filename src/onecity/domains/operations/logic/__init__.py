"""Pure parts of the operations centre."""
