"""Requests kept in a file: their format, what a recording leaves out, recording, and warming up."""
