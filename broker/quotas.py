"""How much one agency may ask of Kafka, so that a client gone wrong slows down itself alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Self

from broker.errors import Misuse

_UNITS = {"": 1, "k": 1024, "M": 1024 * 1024}


@dataclass(frozen=True, slots=True)
class Quota:
    """
    Bytes a second an agency may write and read, and its share of one thread of Kafka, in per cent.

    Whoever asks for more is made to wait by Kafka, without loss or error. Ten seconds' worth may
    come at once.
    """

    # A large force sends 2,000 messages of 1 KiB on a busy day. At this rate that takes 8 seconds,
    # and a flood is a third of what Homeward decides on in a second.
    write: float = 256 * 1024
    # All that Kafka keeps of the fullest inbox, two weeks of 12 MiB a day, in a minute and a half.
    read: float = 2 * 1024 * 1024
    # A consumer that waits for records takes less than 1; one that asks without a pause, all of it.
    time: float = 50

    @classmethod
    def of_kafka(cls, held: Mapping[str, float]) -> Self | None:
        """What Kafka has under its own names; None unless it has all of them."""
        values = {ours: held[theirs] for ours, theirs in NAMES.items() if theirs in held}
        return cls(**values) if values.keys() == NAMES.keys() else None

    def for_kafka(self) -> dict[str, float]:
        return {theirs: getattr(self, ours) for ours, theirs in NAMES.items()}

    def changed(self, given: Mapping[str, float]) -> Self:
        return replace(self, **given)

    def words(self) -> str:
        return (
            f"{_size(self.write)}/s written, {_size(self.read)}/s read, "
            f"{self.time:g} % of a thread of Kafka"
        )

    def shown(self) -> dict[str, float]:
        return asdict(self)


NAMES = {
    "write": "producer_byte_rate",
    "read": "consumer_byte_rate",
    "time": "request_percentage",
}
# One record has to pass at all, and a client has to be able to connect.
_LEAST = {"write": 16 * 1024, "read": 64 * 1024, "time": 1}


def typed(texts: list[str]) -> dict[str, float]:
    """A quota as typed: `write=512k`, `read=4M`, `time=50`; `default` alone is the usual one."""
    if texts == ["default"]:
        return Quota().shown()
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in NAMES:
            raise Misuse(f"--quota {text}: write it like write=512k, read=4M or time=50")
        unit = value[-1:] if value[-1:] in ("k", "M") and name != "time" else ""
        number = value.removesuffix(unit)
        if not number.isdigit() or int(number) * _UNITS[unit] < _LEAST[name]:
            least = f"{_LEAST[name]:g}" if name == "time" else _size(_LEAST[name])
            raise Misuse(
                f"--quota {text}: {name} is a number from {least} on, such as {_LIKE[name]}"
            )
        found[name] = float(int(number) * _UNITS[unit])
    return found


_LIKE = {"write": "write=512k", "read": "read=4M", "time": "time=50"}


def _size(value: float) -> str:
    for unit, name in ((1024 * 1024, "MiB"), (1024, "KiB")):
        if value >= unit:
            return f"{value / unit:g} {name}"
    return f"{value:g} bytes"
