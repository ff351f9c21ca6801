"""Other embedding servers, run side by side with ours."""
