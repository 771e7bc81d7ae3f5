"""The domain `environment`."""
