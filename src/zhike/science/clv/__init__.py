"""Customer lifetime value: who will buy again, how often, for how much.

Models of repeat purchases without a contract learn from how often, how recently and for how long customers bought
(:mod:`zhike.science.clv.histories`), a model of spending from what they spent on average.
"""
