"""Feature families, one a file."""
