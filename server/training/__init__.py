"""The default ranker's school: queries made from a shop, candidates from the served pipeline."""
