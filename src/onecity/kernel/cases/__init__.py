"""Act: case types, life cycle, routing, deadlines and history; whatever has to be done is a case."""
