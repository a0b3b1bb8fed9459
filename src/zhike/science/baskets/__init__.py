"""Market baskets: which products are bought together, how often, how certainly, and in every season or only in some.

Counts and thresholds are integers throughout (:mod:`zhike.science.baskets.itemsets`), so that a rule at exactly the
asked confidence is never lost to rounding.
"""
