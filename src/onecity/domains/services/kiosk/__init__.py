"""Self-service terminals: the same services on a machine in a hall, with a card reader and a printer behind ports."""
