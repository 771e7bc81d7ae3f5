"""May: permissions as predicates compiled to SQL, row-level security as second wall, and the hash-chained audit trail."""
