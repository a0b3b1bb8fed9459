"""How likely each customer is to do something: buy, answer, leave.

Examples (:mod:`zhike.science.propensity.inputs`) are learnt from with boosted trees, a logit on splines or both
(:mod:`zhike.science.propensity.learning`), calibrated, with reasons for each customer. What it is worth is told by
:mod:`zhike.science.propensity.trial`, which shows the result forward in time beside the random split, after
:mod:`zhike.science.propensity.leaks` found nothing that cannot have been known.
"""
