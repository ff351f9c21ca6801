"""The retrieval server: requests in, ranked products out."""
