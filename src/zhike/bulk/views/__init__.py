"""Pages on which something is done to many customers."""
