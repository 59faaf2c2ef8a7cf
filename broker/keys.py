"""Keyed hashes: how identifiers are looked up, and children named, without being written down."""

import hashlib
from uuid import UUID


def derived(*parts: object) -> UUID:
    """An id that follows from its content: the same parts give the same id, on every machine."""
    text = "\x1f".join(map(str, parts)).encode()
    return UUID(bytes=hashlib.blake2b(text, digest_size=16, person=b"homeward").digest(), version=5)


class Keys:
    """
    Hashes under one secret of this ledger.

    Without the secret nobody can find out from the ledger which reference a child has, nor whether
    the pseudonyms that two recipients see are one child.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("the key needs at least 16 bytes")
        self._secret = hashlib.blake2b(secret, digest_size=32).digest()

    def of(self, *parts: str) -> bytes:
        """The index key of an identifier, 16 bytes."""
        text = "\x1f".join(parts).encode()
        return hashlib.blake2b(text, digest_size=16, key=self._secret, person=b"index").digest()

    def pseudonym(self, child: UUID, recipient: str) -> str:
        """The name of a child for one recipient: no two recipients can link it."""
        text = child.bytes + recipient.encode()
        code = hashlib.blake2b(text, digest_size=12, key=self._secret, person=b"pseudonym")
        return f"child-{code.hexdigest()}"
