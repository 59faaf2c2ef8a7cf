"""Names that people write by hand, made the same however they are written."""


def folded(name: str) -> str:
    """`Newcastle-under-Lyme` and `newcastle under lyme` are one district."""
    return " ".join(name.replace("-", " ").casefold().split())
