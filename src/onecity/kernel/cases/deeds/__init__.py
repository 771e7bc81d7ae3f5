"""What can be done with a case beside the steps of its life cycle, one module for each matter."""
