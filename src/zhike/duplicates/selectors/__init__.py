"""Reads about duplicates and merges."""
