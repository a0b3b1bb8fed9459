"""What was known of customers on a day, as numbers that models learn from, and what they did after it.

Sources are tables of facts (:mod:`zhike.science.features.sources`), features are declared with their source and window
(:mod:`zhike.science.features.catalogue`), the store (:mod:`zhike.science.features.store`) computes them as of a day in
one query, and examples (:mod:`zhike.science.features.examples`) put beside them what happened strictly after that day.
"""
