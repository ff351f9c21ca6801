"""One command of `omnishelf` a file."""
