"""Where: divisions of any depth with codes, outlines and effective dates, and the answer to 'which division is this point in'."""
