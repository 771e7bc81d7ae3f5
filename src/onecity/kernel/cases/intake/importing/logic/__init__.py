"""What the columns of a table of cases mean, without Django."""
