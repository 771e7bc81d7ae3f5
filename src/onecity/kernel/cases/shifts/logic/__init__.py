"""Pure choosing among people on duty."""
