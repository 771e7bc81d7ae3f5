"""Decision tables in the sense of DMN 1.3: read, checked for gaps and overlaps, evaluated and explained; pure."""
