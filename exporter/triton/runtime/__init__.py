"""What runs inside Triton; nothing here may import the product."""
