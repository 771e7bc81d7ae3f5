"""Residents report, follow, answer and rate: phone first, with or without an account, without JavaScript."""
