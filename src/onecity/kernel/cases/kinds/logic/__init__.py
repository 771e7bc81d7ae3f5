"""What the pages of kinds compute: drawings and places of mistakes, without a database."""
