"""OneCity: the platform on which a city district runs, from the first observation to the archived record."""
