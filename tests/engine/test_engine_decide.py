"""Decisions: who wins, what is lifted, what happens when inputs are away; and the naive oracle."""

from engine_world import band, definitions, exemption, facts, policy, rule
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.engine import build, decide, judge, reasons
from jindi.language import evaluate
from jindi.packs.definitions import OUTCOMES, Outcome

WEIGHT = {outcome: weight for weight, outcome in enumerate(OUTCOMES)}


def payment(*policies):
    return build(definitions(*policies)).events["payment"]


def decided(live, away=frozenset(), **given_facts):
    program = payment(live)
    return decide(program, facts(program, frozenset(away), **given_facts), frozenset(away))


def test_nothing_hit_is_allowed_with_no_score():
    decision = decided(policy(rule("a", "amount > cny('10')", "deny", 50)), amount=5)
    assert (decision.outcome, decision.score, decision.hits) == ("allow", 0, ())


def test_the_heaviest_outcome_wins():
    rules = [rule(o, "amount > cny('0')", o) for o in ("challenge", "deny", "review", "delay")]
    assert decided(policy(*rules), amount=5).outcome == "deny"


def test_a_band_brings_its_outcome_from_its_score_on():
    live = policy(
        rule("a", "amount > cny('0')", score=59),
        rule("b", "paid_1d > cny('0')", score=1),
        bands=[band(60, "review")],
    )
    assert decided(live, amount=1, paid_1d=0).outcome == "allow"
    assert decided(live, amount=1, paid_1d=1).outcome == "review"


def test_a_band_that_begins_at_nothing_is_reached_by_no_hits():
    assert decided(policy(rule("a", "amount > cny('0')"), bands=[band(0, "review")]), amount=0).outcome == "review"


def test_a_missing_value_hits_nothing():
    assert (
        decided(policy(rule("a", "amount > cny('0')", "deny"), rule("b", "not (amount > cny('0'))", "deny"))).hits == ()
    )


def test_a_passed_challenge_lifts_the_challenge_and_keeps_the_score():
    live = policy(
        rule("new", "not device_known", "challenge", 40, method="otp"),
        bands=[band(30, "challenge", "face"), band(90, "deny")],
        exemptions=[exemption("challenge_passed", "challenge")],
    )
    before = decided(live, device_known=False, challenge_passed=False)
    assert (before.outcome, before.method, before.hits, before.exempted) == ("challenge", "otp", (0,), ())
    after = decided(live, device_known=False, challenge_passed=True)
    assert (after.outcome, after.method, after.score, after.hits, after.exempted) == (
        "allow",
        None,
        40,
        (),
        (0,),
    )


def test_an_exemption_lifts_only_what_it_says():
    live = policy(
        rule("a", "amount > cny('0')", "challenge"),
        rule("b", "amount > cny('1')", "deny"),
        rule("c", "amount > cny('0')", score=5),
        exemptions=[exemption("challenge_passed", "challenge")],
    )
    decision = decided(live, amount=500, challenge_passed=True)
    assert (decision.outcome, decision.hits, decision.exempted) == ("deny", (1, 2), (0,))


def test_the_method_is_that_of_the_heaviest_challenge_and_the_wait_the_longest():
    asks = [
        rule("a", "amount > cny('0')", "challenge", 10, method="otp"),
        rule("b", "amount > cny('0')", "challenge", 30, method="face"),
    ]
    assert decided(policy(*asks), amount=1).method == "face"
    assert decided(policy(*asks, bands=[band(35, "challenge", "call")]), amount=1).method == "call"
    delays = [
        rule("a", "amount > cny('0')", "delay", wait_us=5),
        rule("b", "amount > cny('0')", "delay", wait_us=9),
    ]
    assert decided(policy(*delays), amount=1).wait_us == 9
    denied = decided(policy(*asks, *delays, rule("d", "amount > cny('0')", "deny")), amount=1)
    assert (denied.method, denied.wait_us) == (None, None)


def test_reasons_are_given_in_both_languages_with_their_basis():
    program = payment(policy(rule("a", "amount > cny('0')", "review")))
    found = reasons(program, decide(program, facts(program, amount=1)))
    assert [(r.rule, r.zh, r.en, r.basis) for r in found] == [("a", "a 的理由", "why a", "basis of a")]


def test_an_absent_input_opens_closes_or_challenges_as_declared():
    away = {"payments_1d"}
    for degrade, outcome, hits, score in (
        ("open", "allow", (), 0),
        ("closed", "deny", (0,), 7),
        ("challenge", "challenge", (0,), 0),
    ):
        live = policy(rule("a", "payments_1d > 3", "deny", 7, degrade=degrade, method="otp"))
        decision = decided(live, away, payments_1d=100)
        assert (decision.outcome, decision.hits, decision.score) == (outcome, hits, score)
        assert decision.degraded == ("payments_1d",)
        assert decision.presumed == hits
    assert decided(policy(rule("a", "payments_1d > 3", "deny", degrade="closed"))).degraded == ()


def test_an_absent_input_that_does_not_matter_is_not_listed():
    live = policy(rule("a", "amount > cny('9') and payments_1d > 3", "deny", degrade="closed"))
    decision = decided(live, {"payments_1d"}, amount=1)
    assert (decision.outcome, decision.degraded) == ("allow", ())
    either = policy(rule("a", "amount > cny('0') or payments_1d > 3", "deny", degrade="challenge"))
    decision = decided(either, {"payments_1d"}, amount=1)
    assert (decision.outcome, decision.degraded, decision.presumed) == ("deny", (), ())


def test_asking_whether_a_value_is_missing_says_nothing_when_it_is_absent():
    live = policy(rule("a", "missing(payments_1d)", "deny"), rule("b", "or_else(payments_1d, 0) < 1", "deny"))
    decision = decided(live, {"payments_1d"})
    assert (decision.outcome, decision.degraded) == ("allow", ("payments_1d",))


def test_a_rule_without_a_wish_takes_the_strictest_of_its_features():
    live = policy(rule("a", "failed_logins_1d > 3", "deny"))
    assert decided(live, {"failed_logins_1d"}).outcome == "challenge"


def test_a_derived_feature_is_absent_with_its_inputs_and_hands_their_degradation_on():
    inherited = policy(rule("a", "failed_share > 0.5", "deny"))
    decision = decided(inherited, {"failed_logins_1d"}, payments_1d=3)
    assert (decision.outcome, decision.degraded) == ("challenge", ("failed_logins_1d",))
    own = policy(rule("a", "twice_paid > cny('5')", "deny"))
    decision = decided(own, {"paid_1d"})
    assert (decision.outcome, decision.degraded, decision.presumed) == ("deny", ("paid_1d",), (0,))


def test_an_exemption_that_cannot_be_told_does_not_lift_and_is_named_only_if_it_would_have():
    live = policy(rule("a", "amount > cny('5')", "challenge"), exemptions=[exemption("challenge_passed", "challenge")])
    decision = decided(live, {"challenge_passed"}, amount=600)
    assert (decision.outcome, decision.degraded) == ("challenge", ("challenge_passed",))
    assert decided(live, {"challenge_passed"}, amount=1).degraded == ()


def test_a_degraded_challenge_is_lifted_like_any_other():
    live = policy(
        rule("a", "payments_1d > 3", "deny", degrade="challenge"),
        exemptions=[exemption("challenge_passed", "challenge")],
    )
    decision = decided(live, {"payments_1d"}, challenge_passed=True)
    assert (decision.outcome, decision.exempted, decision.presumed) == ("allow", (0,), (0,))


def test_shadows_say_their_own_and_change_nothing():
    live = policy(rule("a", "amount > cny('0')", "review"))
    shadow = policy(rule("x", "amount > cny('0')", "deny", 9), state="shadow", id_="stricter")
    alone, beside = payment(live), payment(live, shadow)
    assert decide(alone, facts(alone, amount=5)).outcome == decide(beside, facts(beside, amount=5)).outcome == "review"
    (verdict,) = decide(beside, facts(beside, amount=5)).shadows
    assert (verdict.policy, verdict.outcome, verdict.score, verdict.hits) == ("stricter", "deny", 9, (0,))


# The oracle: the definition of a verdict, rule by rule, with a tree walk for each condition.

CONDITIONS = [
    "amount > cny('5')",
    "amount <= limit('large')",
    "payments_1d >= 3",
    "not device_known",
    "failed_share > 0.5",
    "risky_share > 1.0",
    "user in list('blocked')",
    "channel == 'web' and amount > cny('2')",
    "hour < 6",
    "missing(device)",
    "failed_logins_1d > 2 or paid_1d > cny('10')",
    "twice_paid > cny('20')",
    "or_else(payments_1d, 0) == 0",
    "night and payments_1d > 1",
]
ABSENT = ["payments_1d", "paid_1d", "failed_logins_1d", "device_known", "challenge_passed"]


@st.composite
def policies(draw):
    rules = [
        rule(
            f"r{i}", draw(st.sampled_from(CONDITIONS)), draw(st.sampled_from([None, *OUTCOMES])),
            draw(st.integers(-20, 60)), degrade=draw(st.sampled_from(["open", "closed", "challenge"])),
            method=draw(st.sampled_from([None, "otp", "face"])), wait_us=draw(st.sampled_from([None, 5, 9])),
        )
        for i in range(draw(st.integers(0, 6)))
    ]  # fmt: skip
    bands = draw(
        st.lists(
            st.builds(
                band,
                st.integers(-10, 90),
                st.sampled_from(OUTCOMES[1:]),
                st.sampled_from([None, "call"]),
                st.sampled_from([None, 7]),
            ),
            max_size=3,
        )
    )
    exemptions = [
        exemption(text, *draw(st.sets(st.sampled_from(OUTCOMES[1:]), min_size=1)), id_=f"e{i}")
        for i, text in enumerate(draw(st.lists(st.sampled_from(["challenge_passed", "channel == 'app'"]), max_size=2)))
    ]
    return policy(*rules, bands=bands, exemptions=exemptions)


rows = st.fixed_dictionaries(
    {},
    optional={
        "user": st.sampled_from(["u1", "u2"]),
        "device": st.just("tok_aaaaaaaaaaaaaaaa"),
        "amount": st.integers(0, 1_500),
        "channel": st.sampled_from(["app", "web"]),
        "hour": st.integers(0, 23),
        "user in list('blocked')": st.booleans(),
        "limit('large')": st.sampled_from([None, 300, 800]),
        "payments_1d": st.integers(0, 5),
        "paid_1d": st.integers(0, 2_000),
        "failed_logins_1d": st.integers(0, 5),
        "device_known": st.booleans(),
        "challenge_passed": st.booleans(),
    },
)


def oracle(program, live, row, away):
    """What the verdict must be, said as plainly as it can be."""
    roots = {name: program.roots[name] & away for name in program.derived}
    gone = {name: {name} for name in away} | {name: leaves for name, leaves in roots.items() if leaves}

    def read(name):
        return row[program.index[name]]

    def undetermined(expression):
        """The absent inputs that leave a condition open, and whether they do."""
        leaves = set().union(*(gone.get(name, ()) for name in expression.inputs))
        asks = "missing(" in expression.text or "or_else(" in expression.text
        return leaves if leaves and (asks or evaluate(expression, read) is None) else set()

    lifts = set()
    for e in live.exemptions:
        if not undetermined(e.when) and evaluate(e.when, read) is True:
            lifts |= e.lifts
    asks, score, hits, exempted, presumed, mattered = [], 0, [], [], [], set()
    for i, r in enumerate(live.rules):
        then, points = r.then or Outcome.ALLOW, r.score
        if leaves := undetermined(r.when):
            mattered |= leaves
            how = r.degrade
            if how == "open":
                strict = ["open", "challenge", "closed"]
                wishes = ["open"]
                for name in r.when.inputs & gone.keys():
                    derived = program.definitions.derived.get(name)
                    names = [name] if derived is None else gone[name]
                    feature_wishes = [program.definitions.features[leaf].degrade for leaf in names]
                    wishes += [derived.degrade] if derived and derived.degrade != "open" else feature_wishes
                how = max(wishes, key=strict.index)
            if how == "open":
                continue
            presumed.append(i)
            if how == "challenge":
                then, points = Outcome.CHALLENGE, 0
        elif evaluate(r.when, read) is not True:
            continue
        score += points
        if then in lifts:
            exempted.append(i)
        else:
            hits.append(i)
            asks.append((then, r.score, r.method, r.wait_us))
    reached = [b for b in live.bands if score >= b.score_from and b.then not in lifts]
    asks += [(b.then, b.score_from, b.method, b.wait_us) for b in reached]
    outcome = max((then for then, *_ in asks), key=WEIGHT.__getitem__, default=Outcome.ALLOW)
    methods = [(points, method) for then, points, method, _ in asks if then is Outcome.CHALLENGE and method]
    waits = [wait for then, _, _, wait in asks if then is Outcome.DELAY and wait is not None]
    return (
        outcome, score, tuple(hits), tuple(exempted), tuple(presumed),
        max(methods)[1] if methods and outcome is Outcome.CHALLENGE else None,
        max(waits) if waits and outcome is Outcome.DELAY else None, mattered,
    )  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(policies(), st.lists(rows, min_size=1, max_size=4), st.sets(st.sampled_from(ABSENT)))
def test_decide_agrees_with_the_definition(live, given_rows, away):
    program = payment(live)
    for given_row in given_rows:
        for absent in (frozenset(), frozenset(away)):
            row = facts(program, absent, **given_row)
            found = decide(program, row, absent)
            *expected, mattered = oracle(program, live, row, absent & set(program.windows))
            assert [
                found.outcome, found.score, found.hits, found.exempted, found.presumed, found.method,
                found.wait_us,
            ] == expected  # fmt: skip
            assert mattered <= set(found.degraded) <= absent
            assert decide(program, row, absent) == found


@settings(max_examples=100, deadline=None)
@given(policies(), rows, st.sets(st.sampled_from(ABSENT)), st.randoms(use_true_random=False))
def test_the_order_of_rules_and_bands_never_matters(live, given_row, away, random):
    absent = frozenset(away)
    rules, bands = list(live.rules), list(live.bands)
    random.shuffle(rules)
    random.shuffle(bands)
    other = policy(*rules, bands=bands, exemptions=live.exemptions[::-1])
    found = []
    for version in (live, other):
        program = payment(version)
        assert program.live is not None
        verdict = judge(program, program.live, facts(program, absent, **given_row), absent)
        ids = [
            sorted(version.rules[i].id for i in which) for which in (verdict.hits, verdict.exempted, verdict.presumed)
        ]
        found.append((verdict.outcome, verdict.score, verdict.method, verdict.wait_us, sorted(verdict.degraded), ids))
    assert found[0] == found[1]


@settings(max_examples=100, deadline=None)
@given(policies(), rows)
def test_no_hit_rule_asks_for_more_than_was_decided(live, given_row):
    program = payment(live)
    decision = decide(program, facts(program, **given_row))
    asked = [live.rules[i].then or Outcome.ALLOW for i in decision.hits]
    assert all(WEIGHT[outcome] <= WEIGHT[decision.outcome] for outcome in asked)
