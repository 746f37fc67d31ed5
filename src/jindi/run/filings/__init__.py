"""Reports against money laundering on a running platform: begun from cases, written, made into packets with what the
vault says, agreed to by a second person, sent, answered by receipts.

Knows: the order of these steps, what is sealed where, and that each is a record first. Never: who may take them (the
doors ask), a page, or how a packet looks (`parties/reporting`). Nothing here tells anybody without that right that
there is a report.
"""
