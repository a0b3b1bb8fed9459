"""Persons and organisations, their identifiers, relations, tags and time line."""
