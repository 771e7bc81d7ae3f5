"""Stored names of the members that the store itself looks at (core @context of V1.9.1)."""

LOCATION = "https://uri.etsi.org/ngsi-ld/location"
NAME = "name"
SNAPSHOT = "snapshot:"  # begins the tenants under which snapshots are kept; no client can name them
