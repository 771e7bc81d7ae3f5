"""Pure parts of items: their shape, their checks, and how they are found."""
