"""Zhike 知客: the customer relationship platform."""
