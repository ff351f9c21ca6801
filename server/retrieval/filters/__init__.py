"""AIP-160 filter text to a typed tree, and the tree to what engines understand."""
