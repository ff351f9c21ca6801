"""The commands of `omnishelf bench`, a file each."""
