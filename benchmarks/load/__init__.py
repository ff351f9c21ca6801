"""Load on a system: when to ask, asking, and what was measured of it."""
