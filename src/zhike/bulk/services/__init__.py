"""What is done to many customers: chosen, looked at, carried out in batches, taken back."""
