"""Electronic certificates: their kinds, their life, their renditions and their public verification."""
