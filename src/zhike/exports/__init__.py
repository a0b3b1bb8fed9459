"""Lists that leave as files: made at once or in the background, kept for a while, marked, and recorded."""
