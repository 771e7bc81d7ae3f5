"""Air, noise and surface water: the indices a district owes its residents, and the cases that follow."""
