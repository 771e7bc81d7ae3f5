"""A mailbox as a door: a letter becomes a case with its photos, its sender is told the number, automatic mail is not."""
