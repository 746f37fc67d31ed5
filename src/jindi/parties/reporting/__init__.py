"""Reports against money laundering: working days, large transactions, packets for the analysis centre and goAML, their
receipts, and how a report stands.

Knows: how days are counted, when a day is large, what a packet must look like. Never: where it is written, who sends
it, what the time is. The values hold personal data in clear: they show it to nobody, and leave as a packet's bytes.
"""

from jindi.parties.reporting.calendar import Count, UnknownYear, WorkingCalendar
from jindi.parties.reporting.camlmac import Packet, parse, render
from jindi.parties.reporting.checks import Checked, Remark, check
from jindi.parties.reporting.filing import Filing, NotPossible, standing
from jindi.parties.reporting.large import Large, LargeWatch, Movement, Rules, large
from jindi.parties.reporting.model import LargeReport, Report, SuspiciousReport, kept_until
from jindi.parties.reporting.names import PacketName, ReceiptName, next_serial, packet_name, receipt_name
from jindi.parties.reporting.plain import plain_of, read_as, read_report
from jindi.parties.reporting.receipts import FieldError, Form, Receipt, read_receipt

__all__ = [
    "Checked", "Count", "FieldError", "Filing", "Form", "Large", "LargeReport", "LargeWatch", "Movement", "NotPossible",
    "Packet", "PacketName", "Receipt", "ReceiptName", "Remark", "Report", "Rules", "SuspiciousReport", "UnknownYear",
    "WorkingCalendar", "check", "kept_until", "large", "next_serial", "packet_name", "parse", "plain_of", "read_as",
    "read_receipt", "read_report", "receipt_name", "render", "standing",
]  # fmt: skip
