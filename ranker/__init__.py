"""The reranker as a library: columns in, scores and an order out; no I/O but model files."""
