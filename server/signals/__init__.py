"""What the ranker must know of every product, as columns in memory."""
