"""Whether levels of risk are those that a council's policy has words for. Pure."""

from collections.abc import Iterator, Mapping

from broker.policy.agreed import Scale
from broker.said import level
from schemas.message import ChildMessage


def unlisted(message: ChildMessage, scales: Mapping[str, Scale]) -> Iterator[str]:
    """What to say of a level that is on no scale: it is kept as it was written all the same."""
    for of, scale in scales.items():
        written = vars(message).get(f"risk_{of}")
        if written is not None and level(written) not in scale.words:
            known = ", ".join(scale.words)
            yield f"Please check: risk_{of} is none of the levels agreed here, which are {known}."
