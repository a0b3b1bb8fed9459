"""What is characteristic of a group of customers, against all others or against another group."""
