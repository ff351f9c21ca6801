"""The wire: validate, convert, call, convert."""
