"""Pure arithmetic of bottlenecks."""
