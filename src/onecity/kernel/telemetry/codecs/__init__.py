"""Codecs: how a device's own message becomes readings, written down as a declaration, never as code typed into a form."""
