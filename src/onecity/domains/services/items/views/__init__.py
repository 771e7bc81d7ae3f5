"""Pages of items: for residents, and at the desk."""
