"""Products in: read, checked, embedded, written to the store, the index and the table."""
