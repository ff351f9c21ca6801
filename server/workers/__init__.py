"""A group of server processes on one port, and the supervisor that keeps them."""
