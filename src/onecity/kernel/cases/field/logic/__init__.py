"""Pure parts of the phone: tiles of the ground."""
