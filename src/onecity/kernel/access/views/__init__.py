"""Pages of the administration: accounts and roles, and the audit trail."""
