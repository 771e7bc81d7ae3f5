"""Who sees whose name: a policy with versions, asked wherever a name would be shown."""
