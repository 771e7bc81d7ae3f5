"""Pure algorithms of places: paths, point location, Voronoi areas, reading of district sources."""
