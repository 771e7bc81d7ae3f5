"""One-stop services (一网通办): a resident finds an item, applies, is decided for by clear rules, and holds the certificate."""
