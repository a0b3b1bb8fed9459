"""Customers who are there more than once: finding them, looking at them side by side, merging, and taking that back."""
