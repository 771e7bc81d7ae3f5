"""Settings, addresses, processes and the command line: the only place that names all domains."""
