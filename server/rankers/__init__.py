"""Versions of the ranker in the store, and the one that is served."""
