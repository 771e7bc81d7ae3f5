"""What the tiers decide and how they write it, without Django, I/O or clock."""
