"""The `CaseStore` port in plain Python: what the tests hold every store against."""

from collections import Counter

ORDERS = {
    "rank": "rank_us", "due": "due_us", "opened": "opened_us", "closed": "closed_us", "money": "money",
    "looked": "looked_us",
}  # fmt: skip


class MemoryCases:
    """Cases in dictionaries; every question looks at everything."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.cases, self.alerts, self.steps, self.at = {}, {}, {}, (0, b"")

    def cursor(self):
        return self.at

    def put(self, cases, alerts, steps, cursor, mark):
        self.cases |= {each.id: each for each in cases}
        self.alerts |= {each.seq: each for each in alerts}
        self.steps |= {(each.case, each.seq): each for each in steps}
        self.at = cursor, mark

    def case(self, identifier):
        return self.cases.get(identifier)

    def of_subject(self, subject, typology=None):
        found = [each for each in self.cases.values() if each.subject == subject and typology in (None, each.typology)]
        return sorted(found, key=lambda each: (each.opened_us, each.id), reverse=True)

    def alert(self, seq):
        return self.alerts.get(seq)

    def alerts_of(self, case, limit=None):
        return sorted((each for each in self.alerts.values() if each.case == case), reverse=True)[:limit]

    def steps_of(self, case):
        return sorted(each for each in self.steps.values() if each.case == case)

    def _asked(self, query):
        return [each for each in self.cases.values() if asks_for(query, each)]

    def find(self, query):
        column = ORDERS[query.order]
        found = sorted(self._asked(query), key=lambda each: (getattr(each, column), each.id), reverse=query.descending)
        return found[query.offset : query.offset + query.limit]

    def count(self, query):
        return len(self._asked(query))

    def tally(self, query, by):
        return dict(Counter(str(getattr(each, by)) for each in self._asked(query)))

    def tags(self, limit):
        counts = Counter(tag for each in self.cases.values() if each.state == "open" for tag in each.tags)
        return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:limit]

    def close(self):
        pass


def asks_for(query, case):
    """Whether a question is about a case."""
    return all((
        query.state in (None, case.state),
        query.assignee in (None, case.assignee),
        not query.typologies or case.typology in query.typologies,
        not query.levels or case.level in query.levels,
        query.subject in (None, case.subject),
        query.tag is None or query.tag in case.tags,
        not query.late or case.due_us < query.now_us,
        query.snoozed is None or query.snoozed == (case.wakes_us > query.now_us),
        query.escalated is None or query.escalated == bool(case.escalated),
        query.opened_from_us is None or case.opened_us >= query.opened_from_us,
        query.opened_until_us is None or case.opened_us < query.opened_until_us,
        query.closed_from_us is None or case.closed_us >= query.closed_from_us,
        query.lot_below is None or 0 <= case.lot < query.lot_below,
        query.looked_from_us is None or case.looked_us >= query.looked_from_us,
    ))  # fmt: skip
