"""The `LinkStore` port in plain Python: what the tests hold every store against."""

from jindi.ports import Near


def merged(old, new, keep_us):
    """What was seen, added to what was known; what had not been seen for too long begins anew."""
    if old is None or new.first_us - old.last_us > keep_us:
        return new
    added = {
        "first_us": old.first_us, "seen": old.seen + new.seen, "stopped": old.stopped + new.stopped,
        "worst": max(old.worst, new.worst),
    }  # fmt: skip
    if hasattr(new, "money"):
        sums = dict(old.money)
        for currency, minor in new.money:
            sums[currency] = sums.get(currency, 0) + minor
        added["money"] = tuple(sorted(sums.items()))
    return new._replace(**added)


class MemoryLinks:
    """Links in dictionaries; every question looks at everything."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.known, self.links, self.at = {}, {}, (0, b"")
        self.order = []

    def cursor(self):
        return self.at

    def put(self, entities, links, cursor, mark, keep_us):
        for each in entities:
            self.known[each.name] = merged(self.known.get(each.name), each, keep_us)
        for each in links:
            key = each[:3]
            if key not in self.links:
                self.order.append(key)
            self.links[key] = merged(self.links.get(key), each, keep_us)
        self.at = cursor, mark

    def company(self, name, kind, limit):
        sides = [[key[1 - side] for key in self.links if key[side] == name] for side in (0, 1)]
        assert all(len(side) < limit for side in sides), "the oracle looks at everything"
        return len({other for side in sides for other in side if other.startswith(kind + ":")}), True

    def degree(self, name):
        return sum(name in key[:2] for key in self.links)

    def entities(self, names):
        return {name: self._one(name) for name in names if name in self.known}

    def _one(self, name):
        return self.known[name]._replace(degree=self.degree(name))

    def _asked(self, query):
        return [
            each for each in self.links.values()
            if (query.since_us is None or each.last_us >= query.since_us)
            and (query.until_us is None or each.first_us <= query.until_us)
            and (not query.roles or each.roles in query.roles)
        ]  # fmt: skip

    def near(self, name, query, limit):
        found = [
            Near(each, self._one(each.b if each.a == name else each.a))
            for each in self._asked(query)
            if name in (each.a, each.b)
        ]
        found.sort(key=lambda n: (-n.link.worst, -n.link.last_us, n.other.name, n.link.roles))
        return found[:limit]

    def between(self, names, query):
        return sorted(each for each in self._asked(query) if each.a in names and each.b in names)

    def roles(self):
        found = {}
        for each in self.links.values():
            found[each.roles] = found.get(each.roles, 0) + 1
        return found

    def drop(self, before_us, after, count):
        looked = self.order[after : after + count]
        self.links = {k: v for k, v in self.links.items() if k not in looked or v.last_us >= before_us}
        self.known = {name: each for name, each in self.known.items() if self.degree(name)}
        return after + count if len(looked) == count else None

    def close(self):
        pass
