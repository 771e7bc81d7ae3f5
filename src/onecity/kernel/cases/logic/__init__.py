"""Pure rules of cases: what a type declares, which step may follow, when a step is due, who is asked. No Django."""
