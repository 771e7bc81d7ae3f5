"""Pure algorithms of the sensor network: arrays in, arrays out."""
