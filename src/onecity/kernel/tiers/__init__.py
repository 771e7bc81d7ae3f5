"""Tiers: a town's installation and its district's work as one, and each goes on alone while they are cut apart."""
