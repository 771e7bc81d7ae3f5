"""SensorThings API 1.1 (OGC 18-088): the sensing part as a view of entities and their series, for those who speak it."""
