"""What pages about data quality read."""
