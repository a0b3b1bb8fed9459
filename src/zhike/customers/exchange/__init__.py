"""What files can bring about customers."""
