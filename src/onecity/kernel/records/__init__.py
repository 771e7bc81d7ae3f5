"""Prove: certificates, seals and the archive, each verifiable by whoever holds it."""
