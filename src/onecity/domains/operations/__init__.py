"""The domain `operations`."""
