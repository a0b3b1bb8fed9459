"""The pages about data quality."""
