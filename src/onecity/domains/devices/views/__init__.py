"""The pages of the sensor network, one module for each part of it."""
