"""One file format of catalogues a file."""
