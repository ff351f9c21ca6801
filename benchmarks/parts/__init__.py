"""The bare parts of a request and the table of goals over them."""
