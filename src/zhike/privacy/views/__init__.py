"""Pages about personal information."""
