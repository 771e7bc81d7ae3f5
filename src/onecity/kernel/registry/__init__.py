"""The domain contract: what a system of the city declares about itself, checked at the door and frozen after start."""
