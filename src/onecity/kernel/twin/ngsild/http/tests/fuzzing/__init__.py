"""Every route of the door under hostile requests: a route that is added is attacked without a word more."""
