"""Uploaded tables: CSV and Excel files whose columns become readings, by a mapping that is remembered for the next file."""
