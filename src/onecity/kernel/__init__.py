"""What every system of the city needs; it knows none of them."""
