"""The systems of the plan, one thin package each; no domain imports another."""
