"""Win-back on the orders of Online Retail: lost for more than 90 days, the next 13 weeks, against NBD and recency."""

import os
import sys
from pathlib import Path

from harness import emit, missed
from zhike.science.tests.winback.retailer import invoices, ranked
from zhike.science.winback.judging import judge_rankings

ROUNDS = 2_000


def main() -> int:
    file = Path(os.environ.get("ZHIKE_TRIAL_DATA", "")) / "online_retail" / "online_retail.parquet"
    if not file.is_file():
        return 0
    rankings, spent = ranked(invoices(file))
    sizes = {"customers": len(spent), "returned": round(float((spent > 0).mean()), 4)}
    for name, found in judge_rankings(rankings, spent, rounds=ROUNDS, seed=1).items():
        for figure in ("auc", "captured"):
            told, lead = getattr(found, figure), getattr(found, f"{figure}_lead")
            interval = {"low": round(told.low, 4), "high": round(told.high, 4)}
            emit(f"winback_{name}_{figure}", told.value, "share", **interval, **sizes)
            if name in ("nbd", "recency"):
                ends = {"low": round(lead.low, 4), "high": round(lead.high, 4)}
                emit(f"winback_lead_over_{name}_{figure}", lead.value, "share", target=">= 0", **ends)
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
