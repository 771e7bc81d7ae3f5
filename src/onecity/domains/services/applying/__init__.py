"""Applying: from the first question to the certificate, with as little as can be asked of whoever applies."""
