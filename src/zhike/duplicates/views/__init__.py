"""Pages about duplicates."""
