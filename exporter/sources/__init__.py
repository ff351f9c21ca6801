"""Models that others trained, brought to the form that towers are exported from."""
