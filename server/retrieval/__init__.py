"""Query vectors and words to candidates."""
