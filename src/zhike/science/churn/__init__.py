"""Who leaves, and when.

With a contract the end is known: survival curves and hazards (:mod:`zhike.science.churn.survival`,
:mod:`zhike.science.churn.hazard`, :mod:`zhike.science.churn.proportional`). Without one, silence has to be told from a
pause: by the customer's own rhythm (:mod:`zhike.science.churn.silence`) or by the hazard of the next purchase.
"""
