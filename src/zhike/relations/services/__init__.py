"""Adding, changing and removing relations, and what becomes of them in merges."""
