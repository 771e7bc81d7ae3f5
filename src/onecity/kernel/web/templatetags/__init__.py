"""What templates of every package use to show icons, figures, times and states in one way."""
