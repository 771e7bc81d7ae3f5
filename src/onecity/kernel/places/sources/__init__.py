"""Where the divisions of any Chinese district come from: two published npm packages, read without unpacking them."""
