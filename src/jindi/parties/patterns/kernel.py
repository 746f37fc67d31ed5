"""The detector's kernel: transfers as records in one ring, each tied to its payer's and its payee's one before.

The ring holds what the patterns still remember, the oldest first; a transfer's number is its place in the stream, its
record lies at the number modulo the ring's size. From an account two chains lead back in time, through all that it
paid and all that it got, so every look at a window is a walk that ends where the window does. A walk may look at
`LOOKS` transfers for each pattern, then it ends and says so.

`LOOKS` bounds the search of each pattern, and once more the gathering of its evidence.

`meaning` says what is looked for; here it is only fast. Nothing here allocates.
"""

# mypy: disable-error-code="no-any-return"
# (to the compiler numpy's 64-bit words and Python's integers are one type; to mypy they are two)

import numpy as np
import numpy.typing as npt
from numba import types

from jindi.features.compiling import brief_kernel, kernel

Words = npt.NDArray[np.int64]

# A transfer's record. SINCE: how long ago the same payer made one of the same feed to the same payee; -1: not as far
# as is remembered. UNSURE: 1 where that could not be looked up whole.
AT, PAYER, PAYEE, AMOUNT, FEED, SINCE, UNSURE, PREV_OUT, PREV_IN, E_WIDTH = range(10)

# An account: the newest transfer out of and into it; who has been here, by four marks; what is summed up at it.
HEAD_OUT, HEAD_IN, MARK1, MARK2, MARK3, MARK4, SUM1, SUM2, SUM3, SUM4, SUM5, S_WIDTH = range(12)

# The state: numbers of the oldest transfer and of the next one; the newest instant of one that had to go for want of
# room, of one that is UNSURE, and of any; the last mark given; how much evidence and how many free accounts are told;
# the ring's size less one.
TAIL, NEXT, LOST_AT, UNSURE_AT, HIGH, MARK, EVIDENCE, FREED, WRAP, T_WIDTH = range(10)

# A pattern's line in the program.
(
    KIND, OVER, MASK, PAYERS, PAYEES, MIDDLEMEN, SOURCES, LENGTH_LEAST, LENGTH_MOST, IN_TIME, SHARE_LEAST, SHARE_MOST,
    NEW_FOR, ONLY_NEW, P_WIDTH,
) = range(15)  # fmt: skip
FAN_IN, FAN_OUT, HUB, RELAY, CYCLE, LAYERS = range(6)
ANY_SHARE = -1

# What is told of a pattern. NONE: it has no such figure.
HIT, WHOLE, MEMBERS, OTHERS, LENGTH, MONEY, SPAN, SHARE, NEW_PAIRS, LOOKED, F_WIDTH = range(11)
NONE = -1
NEVER = -(2**62)

# What a call is lent beside: limits.
L_RING, L_EDGES, L_MEMORY, L_LOOKS, L_PATTERNS, L_WIDTH = range(6)

SHARE_CAP_PPM = 10**15


@kernel
def share_of(part: int, whole: int) -> int:
    """Parts per million, rounded down, by long division: no product leaves 64 bits. NONE of nothing."""
    if whole <= 0:
        return NONE
    share, rest = part // whole, part % whole
    if share > 1_000_000_000:
        return SHARE_CAP_PPM
    for _ in range(6):
        rest *= 10
        share = share * 10 + rest // whole
        rest %= whole
    return min(share, SHARE_CAP_PPM)


@kernel
def fits(prog: Words, p: int, part: int, whole: int) -> bool:
    """Whether a share is one that the pattern allows."""
    if prog[p + SHARE_LEAST] == ANY_SHARE:
        return True
    share = share_of(part, whole)
    return share != NONE and prog[p + SHARE_LEAST] <= share <= prog[p + SHARE_MOST]


@kernel
def is_new(edges: Words, e: int, prog: Words, p: int) -> bool:
    """Whether a transfer was the first of its pair for as long as the pattern asks."""
    return edges[e + SINCE] == NONE or edges[e + SINCE] >= prog[p + NEW_FOR]


@kernel
def counts(edges: Words, e: int, prog: Words, p: int) -> bool:
    """Whether a transfer is one of those that the pattern is made of."""
    if not (prog[p + MASK] >> edges[e + FEED]) & 1:
        return False
    return prog[p + ONLY_NEW] == 0 or is_new(edges, e, prog, p)


@kernel
def told(
    edges: Words, e: int, seq: int, prog: Words, p: int, facts: Words, f: int, state: Words, evidence: Words
) -> None:
    """One transfer more as evidence."""
    facts[f + NEW_PAIRS] += is_new(edges, e, prog, p)
    if edges[e + UNSURE]:
        facts[f + WHOLE] = 0
    facts[f + SPAN] = max(facts[f + SPAN], edges[((state[NEXT] - 1) & state[WRAP]) * E_WIDTH + AT] - edges[e + AT])
    evidence[state[EVIDENCE]] = seq
    state[EVIDENCE] += 1


@kernel
def look(facts: Words, f: int, lent: Words) -> bool:
    """Whether one transfer more may be looked at; if not, the figures are not whole."""
    if facts[f + LOOKED] >= lent[L_LOOKS]:
        facts[f + WHOLE] = 0
        return False
    facts[f + LOOKED] += 1
    return True


@kernel
def fan(
    edges: Words, slots: Words, state: Words, prog: Words, p: int, facts: Words, f: int, evidence: Words, lent: Words,
    since: int,
) -> None:  # fmt: skip
    """The payers of who is paid now, or the payees of who pays."""
    wrap, tail, now = state[WRAP], state[TAIL], ((state[NEXT] - 1) & state[WRAP]) * E_WIDTH
    is_in = prog[p + KIND] == FAN_IN
    other, back = (PAYER, PREV_IN) if is_in else (PAYEE, PREV_OUT)
    seq = slots[edges[now + PAYEE] * S_WIDTH + HEAD_IN] if is_in else slots[edges[now + PAYER] * S_WIDTH + HEAD_OUT]
    state[MARK] += 1
    mark, members, money = state[MARK], 0, 0
    while seq >= tail:
        e = (seq & wrap) * E_WIDTH
        if edges[e + AT] <= since or not look(facts, f, lent):
            break
        if counts(edges, e, prog, p):
            money += edges[e + AMOUNT]
            who = edges[e + other] * S_WIDTH
            if slots[who + MARK1] != mark:
                slots[who + MARK1] = mark
                members += 1
                told(edges, e, seq, prog, p, facts, f, state, evidence)
        seq = edges[e + back]
    facts[f + MEMBERS], facts[f + MONEY] = members, money
    facts[f + HIT] = members >= (prog[p + PAYERS] if is_in else prog[p + PAYEES])


@kernel
def hub(
    edges: Words, slots: Words, state: Words, prog: Words, p: int, facts: Words, f: int, evidence: Words, lent: Words,
    scratch: Words, since: int,
) -> None:  # fmt: skip
    """What came to who pays now, and what left it once enough had paid."""
    wrap, tail, now = state[WRAP], state[TAIL], ((state[NEXT] - 1) & state[WRAP]) * E_WIDTH
    u = edges[now + PAYER] * S_WIDTH
    state[MARK] += 1
    mark, members, came, walked = state[MARK], 0, 0, 0
    seq = slots[u + HEAD_IN]
    while seq >= tail:
        e = (seq & wrap) * E_WIDTH
        if edges[e + AT] <= since or not look(facts, f, lent):
            break
        if counts(edges, e, prog, p):
            came += edges[e + AMOUNT]
            scratch[walked] = seq
            walked += 1
            who = edges[e + PAYER] * S_WIDTH
            if slots[who + MARK1] != mark:
                slots[who + MARK1] = mark
                members += 1
                told(edges, e, seq, prog, p, facts, f, state, evidence)
        seq = edges[e + PREV_IN]
    # The oldest first: with which transfer had enough different ones paid?
    enough, seen = NONE, 0
    state[MARK] += 1
    mark = state[MARK]
    while walked > 0 and enough == NONE:
        walked -= 1
        who = edges[(scratch[walked] & wrap) * E_WIDTH + PAYER] * S_WIDTH
        if slots[who + MARK1] != mark:
            slots[who + MARK1] = mark
            seen += 1
            if seen >= prog[p + PAYERS]:
                enough = scratch[walked]
    others, left = 0, 0
    if enough != NONE:
        state[MARK] += 1
        mark = state[MARK]
        seq = slots[u + HEAD_OUT]
        while seq > enough:
            e = (seq & wrap) * E_WIDTH
            if not look(facts, f, lent):
                break
            if counts(edges, e, prog, p):
                left += edges[e + AMOUNT]
                who = edges[e + PAYEE] * S_WIDTH
                if slots[who + MARK1] != mark:
                    slots[who + MARK1] = mark
                    others += 1
                    told(edges, e, seq, prog, p, facts, f, state, evidence)
            seq = edges[e + PREV_OUT]
    facts[f + MEMBERS], facts[f + OTHERS], facts[f + MONEY] = members, others, min(came, left)
    facts[f + SHARE] = share_of(left, came)
    facts[f + HIT] = enough != NONE and others >= prog[p + PAYEES] and fits(prog, p, left, came)


@kernel
def relay(
    edges: Words, slots: Words, state: Words, prog: Words, p: int, facts: Words, f: int, evidence: Words, lent: Words,
    scratch: Words, since: int,
) -> None:  # fmt: skip
    """Who paid middlemen that then paid who is paid now.

    MARK1 marks who paid the last middleman; at each of them are summed up the middlemen, what they got and gave, and
    the oldest instant. MARK2 and MARK3 tell middlemen and pairs that were counted.
    """
    wrap, tail, now = state[WRAP], state[TAIL], ((state[NEXT] - 1) & state[WRAP]) * E_WIDTH
    x, v = edges[now + PAYER], edges[now + PAYEE]
    facts[f + MEMBERS] = 0
    state[MARK] += 1
    mark, best, best_seq, found = state[MARK], NONE, NONE, 0
    seq = slots[x * S_WIDTH + HEAD_IN]
    while seq >= tail:
        e = (seq & wrap) * E_WIDTH
        if edges[e + AT] <= since or not look(facts, f, lent):
            break
        s = edges[e + PAYER] * S_WIDTH
        if (
            edges[e + PAYER] != v and slots[s + MARK1] != mark and counts(edges, e, prog, p)
            and fits(prog, p, edges[now + AMOUNT], edges[e + AMOUNT])
        ):  # fmt: skip
            slots[s + MARK1] = mark
            slots[s + SUM1], slots[s + SUM2], slots[s + SUM3] = 1, edges[e + AMOUNT], edges[now + AMOUNT]
            slots[s + SUM4] = seq
            found += 1
            if best == NONE:
                best, best_seq = edges[e + PAYER], seq
        seq = edges[e + PREV_IN]
    if found == 0:
        return
    # All transfers to v, for who may have paid it again and again.
    got = 0
    seq = slots[v * S_WIDTH + HEAD_IN]
    while seq >= tail:
        e = (seq & wrap) * E_WIDTH
        if edges[e + AT] <= since or not look(facts, f, lent):
            break
        if edges[e + PAYER] != x and counts(edges, e, prog, p):
            scratch[got] = seq
            got += 1
        seq = edges[e + PREV_IN]
    state[MARK] += 1
    seen = state[MARK]
    for k in range(got):
        middle = edges[(scratch[k] & wrap) * E_WIDTH + PAYER]
        if slots[middle * S_WIDTH + MARK2] == seen:
            continue
        slots[middle * S_WIDTH + MARK2] = seen
        state[MARK] += 1
        mine = state[MARK]
        seq = slots[middle * S_WIDTH + HEAD_IN]
        while seq >= tail:
            e = (seq & wrap) * E_WIDTH
            if edges[e + AT] <= since or not look(facts, f, lent):
                break
            s = edges[e + PAYER] * S_WIDTH
            if slots[s + MARK1] == mark and slots[s + MARK3] != mine and counts(edges, e, prog, p):
                second = pair_of(edges, wrap, prog, p, scratch, got, middle, e, seq, facts, f, lent)
                if second != NONE:
                    slots[s + MARK3] = mine
                    slots[s + SUM1] += 1
                    slots[s + SUM2] += edges[e + AMOUNT]
                    slots[s + SUM3] += edges[(second & wrap) * E_WIDTH + AMOUNT]
                    count, most = slots[s + SUM1], slots[best * S_WIDTH + SUM1]
                    if count > most or (count == most and slots[s + SUM4] > best_seq):
                        best, best_seq = edges[e + PAYER], slots[s + SUM4]
            seq = edges[e + PREV_IN]
    b = best * S_WIDTH
    facts[f + MEMBERS], facts[f + MONEY] = slots[b + SUM1], slots[b + SUM3]
    facts[f + SHARE] = share_of(slots[b + SUM3], slots[b + SUM2])
    facts[f + HIT] = slots[b + SUM1] >= prog[p + MIDDLEMEN]
    # Once more, for the evidence of the best alone.
    spent, facts[f + LOOKED] = facts[f + LOOKED], 0
    told(edges, (best_seq & wrap) * E_WIDTH, best_seq, prog, p, facts, f, state, evidence)
    told(edges, now, state[NEXT] - 1, prog, p, facts, f, state, evidence)
    state[MARK] += 1
    seen, left = state[MARK], slots[b + SUM1] - 1
    for k in range(got):
        if left == 0:
            break
        middle = edges[(scratch[k] & wrap) * E_WIDTH + PAYER]
        if slots[middle * S_WIDTH + MARK2] == seen:
            continue
        slots[middle * S_WIDTH + MARK2] = seen
        seq = slots[middle * S_WIDTH + HEAD_IN]
        while seq >= tail:
            e = (seq & wrap) * E_WIDTH
            if edges[e + AT] <= since or not look(facts, f, lent):
                break
            if edges[e + PAYER] == best and counts(edges, e, prog, p):
                second = pair_of(edges, wrap, prog, p, scratch, got, middle, e, seq, facts, f, lent)
                if second != NONE:
                    told(edges, e, seq, prog, p, facts, f, state, evidence)
                    told(edges, (second & wrap) * E_WIDTH, second, prog, p, facts, f, state, evidence)
                    left -= 1
                    break
            seq = edges[e + PREV_IN]
    facts[f + LOOKED] += spent


@kernel
def pair_of(
    edges: Words, wrap: int, prog: Words, p: int, scratch: Words, got: int, middle: int, e: int, seq: int, facts: Words,
    f: int, lent: Words,
) -> int:  # fmt: skip
    """The newest transfer by which a middleman passed on what came with another; NONE: by none."""
    for k in range(got):
        if scratch[k] <= seq or not look(facts, f, lent):
            break
        second = (scratch[k] & wrap) * E_WIDTH
        if edges[second + PAYER] == middle and fits(prog, p, edges[second + AMOUNT], edges[e + AMOUNT]):
            return scratch[k]
    return NONE


@kernel
def cycle(
    edges: Words, slots: Words, state: Words, prog: Words, p: int, facts: Words, f: int, evidence: Words, lent: Words,
    scratch: Words, since: int,
) -> None:  # fmt: skip
    """The shortest way back, by ways that grow longer; near its end only through who is near the end.

    `scratch` holds the way first: for each step an account, where its chain is, and the leg taken.
    """
    wrap, tail, now = state[WRAP], state[TAIL], ((state[NEXT] - 1) & state[WRAP]) * E_WIDTH
    u, v = edges[now + PAYER], edges[now + PAYEE]
    out = slots[v * S_WIDTH + HEAD_OUT]
    if out < tail or edges[(out & wrap) * E_WIDTH + AT] <= since:
        return
    near = near_end(edges, slots, state, prog, p, facts, f, lent, scratch, since)
    if near == NONE:
        return
    mark = state[MARK]
    for length in range(prog[p + LENGTH_LEAST], prog[p + LENGTH_MOST] + 1):
        step = 0
        scratch[0], scratch[1] = v, out
        while step >= 0:
            seq = scratch[3 * step + 1]
            e = (seq & wrap) * E_WIDTH
            if seq < tail or edges[e + AT] <= since or (
                step > 0 and prog[p + IN_TIME] == 1 and seq <= scratch[3 * step - 1]
            ):  # fmt: skip
                step -= 1
                continue
            if not look(facts, f, lent):
                return
            scratch[3 * step + 1] = edges[e + PREV_OUT]
            if not counts(edges, e, prog, p):
                continue
            if step > 0 and not fits(
                prog, p, edges[e + AMOUNT], edges[(scratch[3 * step - 1] & wrap) * E_WIDTH + AMOUNT]
            ):  # fmt: skip
                continue
            who, left = edges[e + PAYEE], length - 2 - step
            if left == 0:
                if who != u or not fits(prog, p, edges[now + AMOUNT], edges[e + AMOUNT]):
                    continue
                scratch[3 * step + 2] = seq
                least, first = edges[now + AMOUNT], edges[(scratch[2] & wrap) * E_WIDTH + AMOUNT]
                for k in range(step + 1):
                    leg = scratch[3 * k + 2]
                    least = min(least, edges[(leg & wrap) * E_WIDTH + AMOUNT])
                    told(edges, (leg & wrap) * E_WIDTH, leg, prog, p, facts, f, state, evidence)
                told(edges, now, state[NEXT] - 1, prog, p, facts, f, state, evidence)
                facts[f + HIT], facts[f + LENGTH], facts[f + MONEY] = 1, length, least
                facts[f + SHARE] = share_of(edges[now + AMOUNT], first)
                return
            if who == u or (
                left <= near and (slots[who * S_WIDTH + MARK1] != mark or slots[who * S_WIDTH + SUM1] > left)
            ):
                continue
            been = False
            for k in range(step + 1):
                been = been or scratch[3 * k] == who
            if been:
                continue
            scratch[3 * step + 2] = seq
            step += 1
            scratch[3 * step], scratch[3 * step + 1] = who, slots[who * S_WIDTH + HEAD_OUT]


@kernel
def near_end(
    edges: Words, slots: Words, state: Words, prog: Words, p: int, facts: Words, f: int, lent: Words, scratch: Words,
    since: int,
) -> int:  # fmt: skip
    """Mark who is within some steps of the cycle's end, and how near (MARK1, SUM1). How many steps that are; NONE
    where looking had to end, or nobody leads there.
    """
    wrap, tail, now = state[WRAP], state[TAIL], ((state[NEXT] - 1) & state[WRAP]) * E_WIDTH
    u = edges[now + PAYER]
    state[MARK] += 1
    mark, steps = state[MARK], (prog[p + LENGTH_MOST] - 1) // 2
    steps = max(steps, 1)
    slots[u * S_WIDTH + MARK1], slots[u * S_WIDTH + SUM1] = mark, 0
    scratch[32] = u
    begin, end = 32, 33
    for far in range(1, steps + 1):
        last = end
        while begin < last:
            seq = slots[scratch[begin] * S_WIDTH + HEAD_IN]
            begin += 1
            while seq >= tail:
                e = (seq & wrap) * E_WIDTH
                if edges[e + AT] <= since:
                    break
                if not look(facts, f, lent):
                    return NONE
                who = edges[e + PAYER]
                if slots[who * S_WIDTH + MARK1] != mark and counts(edges, e, prog, p):
                    slots[who * S_WIDTH + MARK1], slots[who * S_WIDTH + SUM1] = mark, far
                    scratch[end] = who
                    end += 1
                seq = edges[e + PREV_IN]
        if end == 33:
            return NONE
    return steps


@kernel
def shared(
    edges: Words, slots: Words, state: Words, prog: Words, p: int, facts: Words, f: int, lent: Words, who: int,
    outward: bool, of: int, since: int,
) -> int:  # fmt: skip
    """How many different payees of an account are marked by MARK1 (outward), or payers by MARK2."""
    wrap, tail = state[WRAP], state[TAIL]
    head, back, other, place = (HEAD_OUT, PREV_OUT, PAYEE, MARK1) if outward else (HEAD_IN, PREV_IN, PAYER, MARK2)
    state[MARK] += 1
    mark, found = state[MARK], 0
    seq = slots[who * S_WIDTH + head]
    while seq >= tail:
        e = (seq & wrap) * E_WIDTH
        if edges[e + AT] <= since or not look(facts, f, lent):
            break
        there = edges[e + other] * S_WIDTH
        if slots[there + place] == of and slots[there + MARK4] != mark and counts(edges, e, prog, p):
            slots[there + MARK4] = mark
            found += 1
        seq = edges[e + back]
    return found


@kernel
def layers(
    edges: Words, slots: Words, state: Words, prog: Words, p: int, facts: Words, f: int, evidence: Words, lent: Words,
    scratch: Words, since: int,
) -> None:  # fmt: skip
    """Payers of v that share payees (MARK1) and, where asked for, payers (MARK2) with u."""
    wrap, tail, now = state[WRAP], state[TAIL], ((state[NEXT] - 1) & state[WRAP]) * E_WIDTH
    u, v, deep = edges[now + PAYER], edges[now + PAYEE], prog[p + SOURCES] > 0
    state[MARK] += 1
    below, others = state[MARK], 0
    seq = slots[u * S_WIDTH + HEAD_OUT]
    while seq >= tail:
        e = (seq & wrap) * E_WIDTH
        if edges[e + AT] <= since or not look(facts, f, lent):
            break
        who = edges[e + PAYEE] * S_WIDTH
        if slots[who + MARK1] != below and counts(edges, e, prog, p):
            slots[who + MARK1] = below
            others += 1
        seq = edges[e + PREV_OUT]
    state[MARK] += 1
    above, behind = state[MARK], 0
    seq = slots[u * S_WIDTH + HEAD_IN] if deep else NONE
    while seq >= tail:
        e = (seq & wrap) * E_WIDTH
        if edges[e + AT] <= since or not look(facts, f, lent):
            break
        who = edges[e + PAYER] * S_WIDTH
        if slots[who + MARK2] != above and slots[who + MARK1] != below and counts(edges, e, prog, p):
            slots[who + MARK2] = above
            behind += 1
        seq = edges[e + PREV_IN]
    facts[f + MEMBERS], facts[f + OTHERS] = 0, others
    if others < prog[p + PAYEES] or behind < prog[p + SOURCES]:
        return
    state[MARK] += 1
    been, members = state[MARK], 0
    seq = slots[v * S_WIDTH + HEAD_IN]
    while seq >= tail:
        e = (seq & wrap) * E_WIDTH
        if edges[e + AT] <= since or not look(facts, f, lent):
            break
        who = edges[e + PAYER]
        if (
            slots[who * S_WIDTH + MARK3] != been and slots[who * S_WIDTH + MARK1] != below
            and counts(edges, e, prog, p)
        ):  # fmt: skip
            slots[who * S_WIDTH + MARK3] = been
            stands = shared(edges, slots, state, prog, p, facts, f, lent, who, True, below, since) >= prog[p + PAYEES]
            if stands and deep:
                stands = (
                    shared(edges, slots, state, prog, p, facts, f, lent, who, False, above, since) >= prog[p + SOURCES]
                )
            if stands:
                scratch[members] = who
                members += 1
        seq = edges[e + PREV_IN]
    money, spent = 0, facts[f + LOOKED]
    facts[f + LOOKED] = 0
    for k in range(members):
        who = scratch[k] * S_WIDTH
        seq = slots[who + HEAD_OUT]
        while seq >= tail and edges[(seq & wrap) * E_WIDTH + AT] > since and look(facts, f, lent):
            e = (seq & wrap) * E_WIDTH
            if slots[edges[e + PAYEE] * S_WIDTH + MARK1] == below and counts(edges, e, prog, p):
                money += edges[e + AMOUNT]
                told(edges, e, seq, prog, p, facts, f, state, evidence)
            seq = edges[e + PREV_OUT]
        seq = slots[who + HEAD_IN] if deep else NONE
        while seq >= tail and edges[(seq & wrap) * E_WIDTH + AT] > since and look(facts, f, lent):
            e = (seq & wrap) * E_WIDTH
            if slots[edges[e + PAYER] * S_WIDTH + MARK2] == above and counts(edges, e, prog, p):
                told(edges, e, seq, prog, p, facts, f, state, evidence)
            seq = edges[e + PREV_IN]
    facts[f + MEMBERS], facts[f + MONEY], facts[f + LOOKED] = members, money, facts[f + LOOKED] + spent
    facts[f + HIT] = members >= prog[p + PAYERS]


@kernel
def forget(edges: Words, slots: Words, state: Words, freed: Words) -> None:
    """Let the oldest transfer go; whoever has no other any more is told as free."""
    seq = state[TAIL]
    e = (seq & state[WRAP]) * E_WIDTH
    for side, head in ((PAYER, HEAD_OUT), (PAYEE, HEAD_IN)):
        who = edges[e + side]
        if slots[who * S_WIDTH + head] == seq:
            slots[who * S_WIDTH + head] = NONE
            if slots[who * S_WIDTH + HEAD_OUT] == NONE and slots[who * S_WIDTH + HEAD_IN] == NONE:
                freed[state[FREED]] = who
                state[FREED] += 1
    state[TAIL] += 1


@kernel
def pair_since(
    edges: Words, slots: Words, state: Words, lent: Words, at: int, payer: int, payee: int, feed: int
) -> int:
    """How long ago the pair's transfer before this one was; NONE: not as far as is remembered; -2: could not be
    looked up whole. Both chains are walked in step, so that it takes as long as the shorter one.
    """
    wrap, tail = state[WRAP], state[TAIL]
    a, b = slots[payer * S_WIDTH + HEAD_OUT], slots[payee * S_WIDTH + HEAD_IN]
    for _ in range(lent[L_LOOKS]):
        if a < tail or b < tail:
            return NONE
        e, g = (a & wrap) * E_WIDTH, (b & wrap) * E_WIDTH
        if edges[e + PAYEE] == payee and edges[e + FEED] == feed:
            return at - edges[e + AT]
        if edges[g + PAYER] == payer and edges[g + FEED] == feed:
            return at - edges[g + AT]
        a, b = edges[e + PREV_OUT], edges[g + PREV_IN]
    return -2


@kernel
def insert(
    edges: Words, slots: Words, state: Words, lent: Words, freed: Words, at: int, payer: int, payee: int, amount: int,
    feed: int, since: int,
) -> None:  # fmt: skip
    """One transfer more; what is too old goes, and what there is no room for, which is remembered. `since` is known
    when a state is restored, else below -2.
    """
    state[HIGH] = at
    while state[TAIL] < state[NEXT] and edges[(state[TAIL] & state[WRAP]) * E_WIDTH + AT] <= at - lent[L_MEMORY]:
        forget(edges, slots, state, freed)
    while state[NEXT] - state[TAIL] >= lent[L_EDGES]:
        state[LOST_AT] = edges[(state[TAIL] & state[WRAP]) * E_WIDTH + AT]
        forget(edges, slots, state, freed)
    unsure = 0
    if since < -2:
        since = pair_since(edges, slots, state, lent, at, payer, payee, feed)
        if since == -2 or (since == NONE and state[LOST_AT] > at - lent[L_MEMORY]):
            since, unsure = NONE, 1
    elif since == -2:
        since, unsure = NONE, 1
    if unsure:
        state[UNSURE_AT] = at
    seq = state[NEXT]
    e = (seq & state[WRAP]) * E_WIDTH
    edges[e + AT], edges[e + PAYER], edges[e + PAYEE], edges[e + AMOUNT] = at, payer, payee, amount
    edges[e + FEED], edges[e + SINCE], edges[e + UNSURE] = feed, since, unsure
    edges[e + PREV_OUT], edges[e + PREV_IN] = slots[payer * S_WIDTH + HEAD_OUT], slots[payee * S_WIDTH + HEAD_IN]
    slots[payer * S_WIDTH + HEAD_OUT] = slots[payee * S_WIDTH + HEAD_IN] = seq
    state[NEXT] += 1


@kernel
def observe(
    stream: Words, begin: int, end: int, edges: Words, slots: Words, state: Words, prog: Words, facts: Words,
    starts: Words, evidence: Words, lent: Words, scratch: Words, freed: Words,
) -> int:  # fmt: skip
    """Transfers one after the other (`stream`: at, payer, payee, amount, feed of each); where the next one begins that
    was not taken, because there might be no room for its evidence.

    `facts` are those of each transfer and pattern, `starts` where its evidence begins and ends.
    """
    patterns = lent[L_PATTERNS]
    for n in range(begin, end):
        if state[EVIDENCE] + patterns * (2 * lent[L_LOOKS] + 8) > evidence.size:
            return n
        at, payer, payee, feed = stream[5 * n], stream[5 * n + 1], stream[5 * n + 2], stream[5 * n + 4]
        for k in range(patterns):
            f = (n * patterns + k) * F_WIDTH
            facts[f + HIT], facts[f + WHOLE], facts[f + LOOKED] = 0, 1, 0
            for place in range(MEMBERS, LOOKED):
                facts[f + place] = NONE
            starts[2 * (n * patterns + k)] = starts[2 * (n * patterns + k) + 1] = state[EVIDENCE]
        if payer == payee:
            continue
        insert(edges, slots, state, lent, freed, at, payer, payee, stream[5 * n + 3], feed, -3)
        now = ((state[NEXT] - 1) & state[WRAP]) * E_WIDTH
        for k in range(patterns):
            p, f, place = k * P_WIDTH, (n * patterns + k) * F_WIDTH, n * patterns + k
            if not counts(edges, now, prog, p):
                continue
            since, kind = at - prog[p + OVER], prog[p + KIND]
            if state[LOST_AT] > since or (prog[p + ONLY_NEW] == 1 and state[UNSURE_AT] > since):
                facts[f + WHOLE] = 0
            facts[f + NEW_PAIRS] = 0
            before = state[EVIDENCE]
            if kind <= FAN_OUT:
                fan(edges, slots, state, prog, p, facts, f, evidence, lent, since)
            elif kind == HUB:
                hub(edges, slots, state, prog, p, facts, f, evidence, lent, scratch, since)
            elif kind == RELAY:
                relay(edges, slots, state, prog, p, facts, f, evidence, lent, scratch, since)
            elif kind == CYCLE:
                cycle(edges, slots, state, prog, p, facts, f, evidence, lent, scratch, since)
            else:
                layers(edges, slots, state, prog, p, facts, f, evidence, lent, scratch, since)
            if state[EVIDENCE] == before:
                facts[f + NEW_PAIRS] = NONE
            if facts[f + HIT] == 0:
                state[EVIDENCE] = before
            starts[2 * place], starts[2 * place + 1] = before, state[EVIDENCE]
    return end


@brief_kernel
def observe_one(
    stream: Words, begin: int, end: int, edges: Words, slots: Words, state: Words, prog: Words, facts: Words,
    starts: Words, evidence: Words, lent: Words, scratch: Words, freed: Words,
) -> int:  # fmt: skip
    """As `observe`, for the few microseconds of one transfer: it keeps Python's lock."""
    return observe(stream, begin, end, edges, slots, state, prog, facts, starts, evidence, lent, scratch, freed)


_ARRAY, _WORD = types.Array(types.int64, 1, "C"), types.int64
_CALLED = (_ARRAY, _WORD, _WORD, *[_ARRAY] * 10)
ENTRIES = {observe: _CALLED, observe_one: _CALLED}
"""The kernels that are called from outside, with what they are called with."""
