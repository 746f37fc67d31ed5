"""The `ActStore` port in plain Python: what the tests hold every store against."""

from jindi.ports import DayCount, RoleSum, RuleHits


def added(one, other):
    """Two sums of money in one."""
    sums = dict(one)
    for currency, minor in other:
        sums[currency] = sums.get(currency, 0) + minor
    return tuple(sorted((currency, minor) for currency, minor in sums.items() if minor))


class MemoryActs:
    """Acts in dictionaries; every question looks at everything."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.order, self.firsts, self.at = [], {}, (0, b"")
        self.held = {"places": {}, "days": {}, "sums": {}, "hits": {}}

    def cursor(self):
        return self.at

    def put(self, acts, cursor, mark):
        places, days, sums, hits = self.held.values()
        for name, outcome, seq in acts.places:
            if name not in places:
                self.order.append(name)
            places.setdefault(name, set()).add((seq, outcome))
        for name, each in acts.days:
            known = days.setdefault(name, {}).get(each.day, (0,) * 5)
            days[name][each.day] = tuple(a + b for a, b in zip(known, each.counts, strict=True))
        for name, each in acts.sums:
            key = each[:2]
            old = sums.setdefault(name, {}).get(key)
            old = old or RoleSum(*key, each.first_us, 0, 0, 0)
            sums[name][key] = RoleSum(
                *key, old.first_us, each.last_us, old.seen + each.seen, old.stopped + each.stopped,
                added(old.money, each.money), added(old.held, each.held),
            )  # fmt: skip
        for name, each in acts.hits:
            old = hits.setdefault(name, {}).get(each[:2])
            hits[name][each[:2]] = each if old is None else RuleHits(
                *each[:2], old.first_us, each.last_us, old.hits + each.hits
            )  # fmt: skip
        for day, seq in acts.firsts:
            self.firsts.setdefault(day, seq)
        self.at = cursor, mark

    def places(self, name, outcomes, before, limit):
        found = sorted(self.held["places"].get(name, ()), reverse=True)
        return [each for each in found if each[1] in outcomes and (before is None or each[0] < before)][:limit]

    def days(self, name, since):
        return [DayCount(*each) for each in sorted(self.held["days"].get(name, {}).items()) if each[0] >= since]

    def sums(self, name):
        return [each for _, each in sorted(self.held["sums"].get(name, {}).items())]

    def hits(self, name, limit):
        found = self.held["hits"].get(name, {}).values()
        return sorted(found, key=lambda each: (-each.hits, each.policy, each.rule))[:limit]

    def drop(self, before, after, count):
        looked = self.order[after : after + count] if after else self.order[:count]
        later = [seq for day, seq in self.firsts.items() if day >= before]
        until = min(later, default=1 << 62)
        for name in looked:
            if name is None:
                continue
            kept = {each for each in self.held["places"][name] if each[0] >= until}
            self.held["places"][name] = kept
            self.held["days"][name] = {d: n for d, n in self.held["days"][name].items() if d >= before}
            if not kept:
                for held in self.held.values():
                    held.pop(name, None)
                self.order[self.order.index(name)] = None
        return after + count if len(looked) == count else None

    def close(self):
        pass
