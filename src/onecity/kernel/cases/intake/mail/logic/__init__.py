"""What a letter says, without Django."""
