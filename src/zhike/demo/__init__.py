"""The demo company, built only through other apps' services."""
