"""A shop made up from a seed, with drawn pictures, for machines without real catalogues."""
