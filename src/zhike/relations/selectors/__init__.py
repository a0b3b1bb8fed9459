"""Reads of relations: the list beside a customer, and the picture of who hangs together."""
