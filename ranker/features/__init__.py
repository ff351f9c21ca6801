"""Feature families, one a file; `schema` puts them in order."""
