"""The policy alone, and beside other engines on the same rules."""

from pathlib import Path

from benchmarks import peers_rules, policies
from benchmarks.measuring import Report, collector_off, cpu_s
from benchmarks.windows import installed

ALONE = "Policy alone"
BESIDE = "Policy beside other engines: 50 rules, all hits"
MODULES = {"zen-engine": "zen", "common-expression-language": "cel", "rule-engine": "rule_engine"}


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:  # noqa: ARG001 - one shape for all
    """Ours with 50 and 100 rules, then everyone with 50."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, figure in policies.measure(300 if quick else 2_000, 3).items():
            taken.setdefault(name, []).append(figure)
    for count, most in ((50, None), (100, 10.0)):
        hits = taken[f"{count} rules, hits per event"][0]
        report.add(
            ALONE, f"{count} rules, all reasons", "CPU µs per event", taken[f"{count} rules, us per event"],
            at_most=most, note=f"{hits:.1f} hits per event; equal to the naive walk",
        )  # fmt: skip
        report.add(ALONE, f"building {count} rules from text", "ms", [
            a + b for a, b in zip(taken[f"read {count} rules, ms"], taken[f"build {count} rules, ms"], strict=True)
        ])  # fmt: skip
    beside(report, quick=quick, rounds=rounds)


def beside(report: Report, *, quick: bool, rounds: int) -> None:
    """All engines in turn on the same facts; who answers otherwise is told of, not timed."""
    events = peers_rules.facts(50 if quick else 1_000)
    engines = [peers_rules.compiled("Jindi", 50, events)]
    truth = [engines[0].hits(engines[0].run(given)) for given in engines[0].inputs]
    for name, module in MODULES.items():
        if not installed(report, module, name):
            continue
        engine = peers_rules.compiled(name, 50, events)
        answers = [engine.hits(engine.run(given)) for given in engine.inputs]
        if wrong := sum(mine != theirs for mine, theirs in zip(truth, answers, strict=True)):
            report.say(f"{name} {engine.version}: {wrong} of {len(events)} events answer otherwise: not timed")
            continue
        engines.append(engine)
    spent: dict[str, list[float]] = {}
    for _ in range(rounds):
        for engine in engines:
            with collector_off():
                begin = cpu_s()
                for given in engine.inputs:
                    engine.run(given)
                spent.setdefault(engine.name, []).append((cpu_s() - begin) / len(events) * 1e6)
    for engine in engines:
        note = "results equal; one list expression" if engine.version else ""
        report.add(BESIDE, f"{engine.name} {engine.version}".strip(), "CPU µs per event", spent[engine.name], note=note)
        if engine.version:
            ratios = [theirs / own for theirs, own in zip(spent[engine.name], spent["Jindi"], strict=True)]
            report.add(BESIDE, f"… {engine.name} beside Jindi", "×", ratios)
