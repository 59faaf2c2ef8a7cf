"""Homeward's operators: who acts, and why, as the audit keeps it."""

from dataclasses import dataclass

from broker.errors import Misuse

LONGEST = 400  # of a reason or a ground


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts, as the machine and they themselves name them; nobody cannot act."""

    who: str

    def __post_init__(self) -> None:
        if not self.who.strip():
            raise Misuse("nobody can be named who decides this: say who with --by")


def said(text: str, option: str) -> str:
    """What an operator gives as a reason or a ground."""
    words = text.strip()
    if not words or len(words) > LONGEST:
        raise Misuse(f"{option} is a sentence of at most {LONGEST} characters")
    return words
