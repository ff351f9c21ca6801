"""The search service a good engineer writes in an afternoon, as a peer to measure against."""
