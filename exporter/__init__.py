"""Weights in, encoder bundles out; the one place that may import torch."""
