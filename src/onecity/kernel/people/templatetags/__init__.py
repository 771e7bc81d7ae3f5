"""What templates of people need: the words for errors of signing in to another system."""
