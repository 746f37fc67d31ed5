"""The `RatingStore` port in plain Python: what the tests hold every store against."""


class MemoryRatings:
    """Rows in a dictionary; every question looks at everything."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.rows, self.places, self.at = {}, set(), (0, b"")

    def cursor(self):
        return self.at

    def put(self, rows, steps, cursor, mark):
        self.rows.update({each.user: each for each in rows})
        self.places |= set(steps)
        self.at = (cursor, mark)

    def one(self, user):
        return self.rows[user].body if user in self.rows else None

    def found(self, query):
        wanted = [
            each for each in self.rows.values()
            if query.level in (None, each.level)
            and (query.due_before_us is None or each.due_us <= query.due_before_us)
            and (query.user is None or each.user.startswith(query.user))
        ]  # fmt: skip
        wanted.sort(key=lambda each: (each.due_us, each.user))
        return [each.body for each in wanted[query.offset : query.offset + query.limit]], len(wanted)

    def owed(self, limit):
        return [each.body for each in self.rows.values() if each.is_owed][:limit]

    def missed(self, now_us, limit):
        late = [each for each in self.rows.values() if not each.is_missed and each.due_us <= now_us]
        return [each.body for each in sorted(late, key=lambda each: each.due_us)][:limit]

    def counts(self, now_us):
        found = {}
        for each in self.rows.values():
            count, late = found.get(each.level, (0, 0))
            found[each.level] = (count + 1, late + (each.due_us <= now_us))
        return found

    def steps(self, user, limit):
        return sorted((seq for name, seq in self.places if name == user), reverse=True)[:limit]

    def close(self):
        pass
