"""Where and when cases come: cells of a map, trends by day and kind, and the same thing reported again."""
