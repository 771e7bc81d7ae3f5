"""The register of domains: manifests checked at the door, written into the database, and new ones scaffolded."""
