"""Rankers that are served: stored, promoted, rolled back, and taken up by every replica."""
