"""Items (事项) as data: what each service is, who may have it, what it needs; found, shown, edited and checked."""
