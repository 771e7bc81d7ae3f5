"""Who: accounts, organisations, roles held in a division, and sign-in for all systems."""
