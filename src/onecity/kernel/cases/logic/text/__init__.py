"""What the words of a case tell: its kind, who settles such, whether it was told before, and what many speak of now."""
