"""Pure parts of the shell."""
