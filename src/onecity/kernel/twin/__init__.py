"""Know: entities of the city, their relations and their current values."""
