"""Whether every published version of a kind reads every other, as Avro's own rules have it."""

from itertools import groupby, permutations

from schemas import generate


def incompatible() -> list[str]:
    """Pairs of versions of one kind where one does not read what the other wrote, in words."""
    names = sorted(generate.published(), key=_kind)
    return [
        f"{reader} does not read {writer}: {fault}"
        for _, versions in groupby(names, _kind)
        for reader, writer in permutations(versions, 2)
        if (fault := _fault(generate.text(reader), generate.text(writer)))
    ]


def _kind(name: str) -> str:
    return name.rpartition(".v")[0]


def _fault(reader: str, writer: str) -> str:
    from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
    from avro.schema import parse

    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call] # its own lack
    found = checker.get_compatibility(parse(reader), parse(writer))
    if found.compatibility is SchemaCompatibilityType.compatible:
        return ""
    return "; ".join(sorted(found.messages))
