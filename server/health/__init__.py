"""Whether a machine can run Omnishelf."""
