"""Scoring runs and scores, low enough for every app to show them."""
