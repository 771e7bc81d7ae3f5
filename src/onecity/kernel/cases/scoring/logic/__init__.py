"""Pure arithmetic of the score card."""
