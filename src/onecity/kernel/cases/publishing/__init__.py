"""What everybody may read of cases: one rule for residents and for programs, and what a person releases beyond the facts."""
