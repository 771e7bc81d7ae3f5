"""Pure algorithms of field dispatch, over arrays."""
