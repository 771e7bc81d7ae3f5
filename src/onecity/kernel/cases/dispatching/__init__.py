"""Field dispatch: which unit goes to an urgent case, so that the next one finds a unit too, and rounds of inspection."""
