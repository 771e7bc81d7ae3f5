"""The pure ground under everything: ids, clock, working calendar, units, datums, geometry, errors; no Django."""
