"""What each customer brings after costs, how profit is spread, and what the customer base will be worth.

Profit of each customer and the whale curve (:mod:`zhike.science.contribution.profit`), the base as a Markov chain of
grades (:mod:`zhike.science.contribution.base_value`) from :mod:`zhike.science.movement`.
"""
