"""The towers of the starter bundle."""
