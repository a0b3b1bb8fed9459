"""What files can bring about orders."""
