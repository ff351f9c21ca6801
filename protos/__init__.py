"""Tools that turn the API's `.proto` files into committed stubs and a linted descriptor image."""
