"""Words and pictures to unit vectors."""
