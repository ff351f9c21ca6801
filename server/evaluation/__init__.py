"""Ranking quality, measured through a running server."""
