"""Pages of the terminal, its own program, and the desk that looks after terminals."""
