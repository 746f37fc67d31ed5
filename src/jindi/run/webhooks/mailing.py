"""What is needed to change endpoints and to reach them, in one hand."""

import ssl
from dataclasses import dataclass

from jindi.basics.instants import format_instant
from jindi.run.webhooks.courier import send_test
from jindi.run.webhooks.endpoints import Endpoint, Endpoints
from jindi.run.webhooks.reaching import Reach
from jindi.run.webhooks.sending import Sender, Sent

STEPS = ("test", "disable", "enable", "rotate", "remove")
"""What can be done with an endpoint that is there."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """The endpoints of a platform, where webhooks may go, and how receivers are verified."""

    endpoints: Endpoints
    reach: Reach
    context: ssl.SSLContext

    def sender(self) -> Sender:
        """What sends to one endpoint."""
        return Sender(self.reach, self.context)

    def check(self, url: str) -> None:
        """Raise Forbidden for an address that webhooks do not go to, as its name stands now. Blocking."""
        parts = self.reach.parts(url)
        self.reach.address(parts.host.decode(), parts.port or 443, plain=parts.scheme == b"http")

    def test(self, identifier: str, now_us: int) -> Sent:
        """Send one message without content. Blocking; raises Unknown."""
        endpoint = self.endpoints.get(identifier)
        sender = self.sender()
        try:
            return send_test(endpoint, sender, now_us)
        finally:
            sender.close()

    def step(self, identifier: str, step: str, now_us: int) -> dict[str, object]:
        """One of the steps; what to say of it. Blocking; raises Unknown."""
        match step:
            case "test":
                sent = self.test(identifier, now_us)
                return {"id": identifier, "arrived": not sent.why, "why": sent.why}
            case "rotate":
                return {"id": identifier, "secret": self.endpoints.rotate(identifier, now_us)}
            case "remove":
                self.endpoints.remove(identifier)
                return {"id": identifier, "state": "removed"}
            case _:
                self.endpoints.put(identifier, "on" if step == "enable" else "off")
                return {"id": identifier, "state": self.endpoints.get(identifier).state}

    def document(self, endpoint: Endpoint, records: int | None = None) -> dict[str, object]:
        """An endpoint as it is shown: without secrets. `records` is how many the journal has."""
        progress = self.endpoints.progress(endpoint.id)
        shown: dict[str, object] = {
            "id": endpoint.id, "url": endpoint.url, "state": endpoint.state, "why": endpoint.why,
            "outcomes": endpoint.outcomes, "types": endpoint.types, "created": format_instant(endpoint.created_us),
        }  # fmt: skip
        if progress is not None:
            shown |= {
                "delivered": progress.delivered, "failures": progress.failures, "last_problem": progress.last_why,
                "last_try": format_instant(progress.last_us) if progress.last_us else None,
                "next_try": format_instant(progress.retry_us) if progress.retry_us else None,
            }  # fmt: skip
            if records is not None:
                shown["behind"] = max(0, records - progress.next)
        return shown
