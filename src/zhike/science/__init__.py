"""The analytics library: Ibis tables in, table out. No Django, no clock, no files, no network."""
