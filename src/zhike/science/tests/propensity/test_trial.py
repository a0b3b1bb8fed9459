"""No random split without the way forward, and no leak unseen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from zhike.science.propensity.boosting import fit_boosting
from zhike.science.propensity.inputs import Examples, Inputs, InputsInvalid
from zhike.science.propensity.leaks import LeakSuspected, check_leaks, find_leaks
from zhike.science.propensity.learning import fit_propensity
from zhike.science.propensity.performance import Performance, measure
from zhike.science.propensity.spline_logit import fit_spline_logit
from zhike.science.propensity.trial import (
    Absent,
    Fitted,
    ReasonMissing,
    Trial,
    backtest,
    choose_left_out,
    try_out,
)
from zhike.science.tests.propensity.customers import bank, customers, telco

learn = partial(fit_propensity, seed=1, candidates={"logit": fit_spline_logit})


def with_feature(examples: Examples, name: str, values: np.ndarray) -> Examples:
    inputs = examples.inputs
    wide = Inputs(names=(*inputs.names, name), values=np.column_stack([inputs.values, values]), levels=inputs.levels)
    return replace(examples, inputs=wide)


def drifting(size: int = 4_000) -> Examples:
    """A feature that tells who will, and later hardly, the other way round."""
    examples, _ = customers(size, seed=3)
    strength = np.where(np.arange(size) < size / 2, 2.5, -0.5)
    signal = strength * (examples.happened - 0.5) + np.random.default_rng(1).normal(size=size)
    return with_feature(examples, "fashion", signal)


def test_forward_stands_beside_the_random_split() -> None:
    trial = try_out(drifting(), learn, seed=1, origins=2)
    assert isinstance(trial.forward, Performance)
    assert isinstance(trial.random, Performance)
    assert [line.split(":")[0] for line in str(trial).splitlines()] == ["forward in time", "random split"]
    assert len(trial.origins) == 2


def test_without_time_the_reason_stands_there() -> None:
    examples, _ = customers(1_000, seed=1)
    trial = try_out(replace(examples, time=None), learn, seed=1)
    assert isinstance(trial.random, Performance)
    assert "forward in time: absent: the examples carry no time" in str(trial)


def test_a_result_is_not_left_out_without_a_reason() -> None:
    result = measure(np.linspace(0.1, 0.9, 10), np.arange(10) // 5)
    findings = find_leaks(customers(300, seed=1)[0], seed=1)
    with pytest.raises(TypeError):
        Trial(random=result, origins=(), findings=findings)  # type: ignore[call-arg]
    with pytest.raises(ReasonMissing):
        Absent(" ")
    with pytest.raises(ReasonMissing):
        Trial(forward=Absent("no time"), random=Absent("one class"), origins=(), findings=findings)


def test_origins_learn_from_the_past_alone() -> None:
    examples, _ = customers(2_000, seed=1)
    seen: list[Examples] = []

    def watched(given: Examples) -> Fitted:
        seen.append(given)
        return learn(given)

    back = backtest(examples, watched, gap=10, origins=3)
    assert [each.tried_to for each in back] == [74, 112, 149, 199]
    for given, origin in zip(seen, back, strict=True):
        assert given.time is not None
        assert given.time.max() == origin.learnt_to
        assert origin.learnt_from == len(given) == (origin.learnt_to + 1) * 10
    assert back[-1].learnt_to + 10 == back[-2].tried_to


def test_features_of_one_time_are_chosen_away_on_the_past_alone() -> None:
    chosen, told = choose_left_out(drifting(), learn, {"all": [], "without fashion": ["fashion"]})
    assert chosen == "without fashion"
    assert told["without fashion"] > told["all"]
    with pytest.raises(InputsInvalid, match="no time"):
        choose_left_out(replace(drifting(), time=None), learn, {"all": []})


def test_what_tells_the_time_is_said_without_alarm() -> None:
    found = check_leaks(drifting(), seed=1)
    assert (found.leaks, [each.feature for each in found.tell_the_time]) == ((), ["fashion"])


def test_a_feature_that_knows_the_answer_raises_the_alarm_until_it_is_cleared() -> None:
    examples, _ = customers(2_000, seed=1)
    answer = examples.happened + np.random.default_rng(1).normal(0, 0.4, len(examples))
    leaking = with_feature(examples, "answer", answer)
    with pytest.raises(LeakSuspected, match="answer: takes away more than half"):
        try_out(leaking, learn, seed=1)
    assert check_leaks(leaking, seed=1, cleared={"answer": "asked before the offer"}).leaks == ()
    with pytest.raises(LeakSuspected, match="ranks almost perfectly"):
        check_leaks(with_feature(examples, "same", examples.happened), seed=1)
    with pytest.raises(LeakSuspected, match="noise: is known only afterwards"):
        check_leaks(examples, seed=1, known_after=["noise"])
    assert check_leaks(examples, seed=1).leaks == ()


def test_the_alarm_tells_the_length_of_the_call_and_nothing_else(trial_data: Path) -> None:
    rows = bank(trial_data)
    every_sixth = rows.take(list(range(0, len(rows), 6)))
    found = find_leaks(Examples.of_arrow(every_sixth, happened="y", time="row"), seed=1)
    assert [each.feature for each in found.leaks] == ["duration"]
    assert {"euribor3m", "nr.employed"} <= {each.feature for each in found.tell_the_time}
    honest = Examples.of_arrow(every_sixth, happened="y", time="row", leave_out=["duration"])
    assert find_leaks(honest, seed=1).leaks == ()
    subscribers = Examples.of_arrow(telco(trial_data), happened="Churn", leave_out=["customerID"])
    assert find_leaks(subscribers, seed=1).leaks == ()


def test_a_quarter_of_the_subscribers_is_foretold_as_published(trial_data: Path) -> None:
    examples = Examples.of_arrow(telco(trial_data), happened="Churn", leave_out=["customerID"])
    held = np.random.default_rng(42).random(len(examples)) < 0.25
    rest, tried = examples.rows(~held), examples.rows(held)
    found = measure(learn(rest).probability(tried.inputs), tried.happened)
    assert found.auc_interval[0] < 0.849 < found.auc_interval[1]
    trees = fit_boosting(rest, seed=1)
    assert measure(1 / (1 + np.exp(-trees.log_odds(tried.inputs))), tried.happened).auc == pytest.approx(0.85, abs=0.02)
