"""The platform's measures in the Prometheus text format."""

from collections.abc import Iterable

from jindi.run.measures import LATENCY_BOUNDS_US
from jindi.run.platform import Platform


def exposition(platform: Platform) -> str:
    """All metrics, one family after the other. No label holds anything of a person."""
    measures, lane = platform.measures, platform.lane
    lines: list[str] = []

    def family(name: str, kind: str, text: str, samples: Iterable[tuple[str, float]]) -> None:
        lines.append(f"# HELP {name} {text}")
        lines.append(f"# TYPE {name} {kind}")
        lines.extend(f"{name}{labels} {value!r}" for labels, value in samples)

    family(
        "jindi_decisions_total", "counter", "Decisions by event type and outcome.",
        (
            (f'{{type="{kind}",outcome="{outcome}"}}', count)
            for (kind, outcome), count in sorted(measures.outcomes.items())
        ),
    )  # fmt: skip
    family(
        "jindi_rule_hits_total", "counter", "Hits of live rules.",
        ((f'{{policy="{policy}",rule="{rule}"}}', count) for (policy, rule), count in sorted(measures.rules.items())),
    )  # fmt: skip
    family(
        "jindi_shadow_decisions_total", "counter", "What shadow policies would have decided.",
        (
            (f'{{policy="{policy}",outcome="{outcome}"}}', count)
            for (policy, outcome), count in sorted(measures.shadow_outcomes.items())
        ),
    )  # fmt: skip
    family("jindi_events_refused_total", "counter", "Events that did not fit their type.", [("", measures.refused)])
    family(
        "jindi_events_busy_total", "counter", "Events turned away because the queue was full.", [("", measures.busy)]
    )
    family(
        "jindi_decisions_degraded_total",
        "counter",
        "Decisions made while an input was away.",
        [("", measures.degraded)],
    )
    reached = 0
    samples: list[tuple[str, float]] = []
    for bound, count in zip(LATENCY_BOUNDS_US, measures.latency, strict=False):
        reached += count
        samples.append((f'_bucket{{le="{bound / 1e6:g}"}}', reached))
    total = sum(measures.latency)
    samples += [('_bucket{le="+Inf"}', total), ("_sum", measures.latency_sum_us / 1e6), ("_count", total)]
    family("jindi_decision_latency_seconds", "histogram", "From receipt to a durable answer.", samples)
    family("jindi_commits_total", "counter", "Group commits.", [("", measures.commits)])
    family("jindi_commit_seconds_total", "counter", "Time spent in group commits.", [("", measures.commit_sum_s)])
    family("jindi_journal_records", "gauge", "Records in the journal.", [("", lane.state.next_seq)])
    if (head := platform.head) is not None:
        family("jindi_head_records", "gauge", "Records that the newest signed head covers.", [("", head.seq)])
        family("jindi_head_time_seconds", "gauge", "When it was signed, Unix time.", [("", head.at_us / 1e6)])
    family("jindi_queue_waiting", "gauge", "Events decided and not yet durable.", [("", lane.waiting)])
    family("jindi_open_decisions", "gauge", "Decisions that wait for a follow-up.", [("", lane.state.openings.pending)])
    family("jindi_features_warming", "gauge", "Features that have not caught up.", [("", len(lane.state.warming))])
    family("jindi_lane_stopped", "gauge", "1 while the lane decides nothing.", [("", float(lane.stopped is not None))])
    if platform.saver is not None:
        ages, late = platform.saver.ages_us(), {each.what for each in platform.saver.overdue()}
        family(
            "jindi_backup_age_seconds", "gauge", "Age of the newest backup, and of the newest drill that has passed.",
            ((f'{{what="{what}"}}', age_us / 1e6) for what, age_us in sorted(ages.items())),
        )  # fmt: skip
        family(
            "jindi_backup_overdue", "gauge", "1 while the backup or the drill is overdue.",
            ((f'{{what="{what}"}}', float(what in late)) for what in ("backup", "drill")),
        )  # fmt: skip
    if platform.warden is not None:
        family(
            "jindi_controls", "gauge", "Controls by how they stood when they were last looked at.",
            ((f'{{state="{state}"}}', count) for state, count in sorted(platform.warden.by_state().items())),
        )  # fmt: skip
    return "\n".join(lines) + "\n"
