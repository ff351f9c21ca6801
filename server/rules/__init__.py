"""Rules by which a shop overrules its ranker."""
