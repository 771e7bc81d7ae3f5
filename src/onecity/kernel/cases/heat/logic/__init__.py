"""Pure arithmetic of cells."""
