"""Reads about personal information; rows come back ready to show."""
