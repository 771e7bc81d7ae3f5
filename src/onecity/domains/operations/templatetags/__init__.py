"""Tags of the operations pages."""
