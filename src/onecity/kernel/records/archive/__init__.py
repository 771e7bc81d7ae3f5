"""Prove for decades: closed matters as packages of files that say what they are, are whole, open, and harm nobody."""
