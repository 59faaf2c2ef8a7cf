"""Where ledger and Kafka disagree: which topic, which number, what it means and what to do."""

from dataclasses import dataclass

_KEEP = "keep Kafka's data and a backup of the ledger"

# What to do, by what it is; also the fixed set of a metric's label.
ADVICE = {
    "missing": f"these deliveries were sent and are gone: {_KEEP}, then have the agency told again "
    "(its system asks for them with a catch-up; otherwise telephone)",
    "twice": "a reader that drops numbers it has seen is not harmed: tell the agency, and look "
    "for a second writer to the topic",
    "order": "a number came after a later one: look for a second writer to the topic",
    "changed": f"somebody changed the ledger, or wrote to the topic: {_KEEP}, and compare the "
    "delivery with `homeward timeline`",
    "unknown": "nobody but the relay may write there: look for a second writer, or for a ledger "
    "that was restored (`homeward restore`)",
    "no-topic": "the topic was deleted: add the agency again, then have it told again",
    "position": "what take-in has read does not fit the outbox: look for a topic that was made "
    "anew, or for a ledger that somebody changed",
    "read": f"records were passed over, or counted that are not there: {_KEEP}, and compare the "
    "outbox with `homeward dead-letters list` and the ledger's messages",
    "numbers": f"somebody changed the ledger: {_KEEP}, and stop the relay before it sends more",
    "cursor": "the ledger is older than Kafka, or another one: `homeward restore`",
    "ledger": f"two counts of the ledger differ: {_KEEP}, and look for who changed it",
}
# What the two of them differ in; what the ledger says twice has a metric of its own.
WHATS = tuple(what for what in ADVICE if what != "ledger")


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement: `first` is the first sequence number or offset it is about, if any."""

    what: str
    topic: str
    words: str
    count: int = 1
    first: int | None = None

    @property
    def agency(self) -> str:
        """Whose topic it is; empty for the operator's own."""
        kind, _, agency = self.topic.partition(".")
        return agency if kind in ("inbox", "outbox") else ""

    @property
    def todo(self) -> str:
        return ADVICE[self.what]

    def __str__(self) -> str:
        return f"{self.topic}: {self.words}"
