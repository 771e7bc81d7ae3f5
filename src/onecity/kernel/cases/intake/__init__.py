"""The doors through which cases come in, each into the same engine."""
