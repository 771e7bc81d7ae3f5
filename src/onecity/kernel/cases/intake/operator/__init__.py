"""Whoever takes calls: a caller's words become a case while he speaks, with what he reported before and what is near."""
