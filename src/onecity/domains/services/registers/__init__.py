"""Registers of other offices that answer what an applicant would otherwise have to prove by paper."""
