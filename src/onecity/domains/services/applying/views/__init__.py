"""Pages of applying: of residents, of companies and of the counter."""
