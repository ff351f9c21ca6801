"""What is asked of a system under load, as files and as draws."""
