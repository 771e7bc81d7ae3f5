"""Commands to devices: kept until acknowledged or too late, whatever way they go."""
