"""Pure rules of rights and of the audit chain: no Django, no database, no clock."""
