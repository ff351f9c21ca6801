"""Files that put the server on machines, and the code that writes and reads them."""
