"""The pages of certificates: verification for everybody, the holder's own, and the desk of those in charge."""
