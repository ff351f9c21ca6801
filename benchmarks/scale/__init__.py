"""Search from ten thousand to a million products, by engine and index."""
