"""The desk's pages of rules and alerts."""
