"""What an outsider may expect of the door, clause by clause: requests and what must come back."""
