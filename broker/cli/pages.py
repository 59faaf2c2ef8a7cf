"""How paper looks: 80 columns, pages for a printer, plain text; ruled lines where people write."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from textwrap import wrap

from broker.paper import Box, Contact, Desk, Form, Way
from broker.working_time import local

WIDTH = 80
LINES = 60  # an A4 page at six lines to the inch, less its margins
PAGE_BREAK = "\f"

_LABEL = 24
_ROOM = WIDTH - _LABEL
_TIME = "___/___/_______  at ____:____"
_DATE = "___/___/_______"
_PHONE = "telephone "
_RULE = "-" * WIDTH

_WHAT_TO_DO = """
A child in danger: ring 999. To report a child missing: ring 101. Homeward is never a report to
the police, and neither is this paper.

1. Telephone. Desks of the agencies concerned are below; a desk that is closed has one that covers
it. Write down at what time you rang which desk, and what was said.

2. Write each thing that happened on a form of its own, with TRUE times: when it happened, not when
you wrote it down. Every form has its own number: never copy one, print more.

3. When Homeward is back, enter the forms in the order of their times: one message for each, with
its form number (paper_form) and the true time (occurred_at). Nobody is paged for what is entered
so, and timescales run from the true times. Then file the forms as your agency does.
"""

_HOW_TO_FILL_IN = """
Times by the clock on the wall (24 hours). In the hour that comes twice when the clocks go back,
add BST or GMT. Desks and functions, no names of staff. * must be filled in.
"""


def text_of(pages: Iterable[str]) -> str:
    """Pages for a printer, each but the last ended by a form feed."""
    return PAGE_BREAK.join(pages)


def contact_pages(contacts: Sequence[Contact], for_whom: str, printed_at: datetime) -> list[str]:
    """The contact sheet, with what to do first."""
    blocks = [
        _wrapped(f"Printed {local(printed_at)}, for {for_whom}. Print it again when desks change."),
        *(_wrapped(part) for part in _WHAT_TO_DO.strip().split("\n\n")),
    ]
    for contact in contacts:
        first, *others = (list(_desk(contact, desk)) for desk in contact.desks)
        blocks += [[_RULE, *_agency(contact), *first], *others]
    other = ["_" * WIDTH, f"    {_PHONE}{'_' * 36}", ""]
    blocks += [[_RULE, "Others (another council, force or home)", "", *other], other, other]
    return _paged("HOMEWARD IS DOWN: WHOM TO TELEPHONE", blocks)


def form_pages(form: Form) -> list[str]:
    """One form, its number on every page."""
    blocks = [
        [form.title.upper(), *_wrapped(form.says)],
        _wrapped(" ".join(_HOW_TO_FILL_IN.split())),
        list(_head()),
        list(_calls()),
    ]
    blocks += _with_headings(form.boxes)
    blocks.append(
        [
            _RULE,
            "Entered in Homeward   " + _TIME,
            "",
            "by (desk) ______________________________ receipt seen [ ]",
        ]
    )
    return _paged(f"HOMEWARD FORM {form.number}", blocks)


def _agency(contact: Contact) -> Iterator[str]:
    why = f": {contact.why}" if contact.why else ""
    yield from _wrapped(f"{contact.name.upper()} ({contact.agency}){why}")


def _desk(contact: Contact, desk: Desk) -> Iterator[str]:
    yield from wrap(desk.name, WIDTH)
    yield from _indented(desk.hours)
    if desk.cover:
        yield from _indented(f"when closed: {desk.cover}")
    yield f"    {_PHONE}{desk.phone or '_' * 36}"
    yield ""


def _head() -> Iterator[str]:
    yield _RULE
    yield "TRUE TIMES *"
    yield ""
    for words in ("When it happened", "When you were told"):
        yield _row(words, _TIME)
        yield ""
    yield _row("Told by (desk)", "_" * _ROOM)
    yield ""
    yield _row("Written by (desk)", "_" * _ROOM)
    yield ""
    yield _row("Written", _TIME + "    exercise (drill) [ ]")
    yield ""
    yield _row("This form", "[ ] is new  [ ] corrects  [ ] withdraws")
    yield ""
    yield _row("", "form P-________-________-___")
    yield ""


def _calls() -> Iterator[str]:
    yield _RULE
    yield "WHO WAS TELEPHONED"
    yield ""
    yield f"{'at (time)':<14}{'desk':<34}what was said"
    for _ in range(5):
        yield ""
        yield f"{'____:____':<14}{'_' * 32:<34}{'_' * (WIDTH - 48)}"
    yield ""
    yield _RULE


def _with_headings(boxes: Iterable[Box]) -> Iterator[list[str]]:
    """Each box with the headings above it, so that none is left alone at the foot of a page."""
    block: list[str] = []
    for box in boxes:
        block += [*_box(box), ""]
        if box.way is not Way.heading:
            yield block
            block = []


def _box(box: Box) -> Iterator[str]:
    depth = "  " * box.field.count(".")
    words = depth + box.words + (" *" if box.required else "")
    if box.way is Way.heading:
        hint = f" ({box.hint})" if box.hint else ""
        yield from wrap(f"{words.upper()}{hint}", WIDTH, subsequent_indent=depth)
        return
    entry = list(_entry(box))
    if box.hint:
        entry = [*wrap(f"({box.hint})", _ROOM), *entry]
    label = wrap(words, _LABEL - 2, subsequent_indent=depth)
    rows = max(len(label), len(entry))
    label += [""] * (rows - len(label))
    entry += [""] * (rows - len(entry))
    for left, right in zip(label, entry, strict=True):
        yield _row(left, right)


def _entry(box: Box) -> Iterator[str]:
    match box.way:
        case Way.time:
            yield _TIME
        case Way.date:
            yield _DATE
        case Way.tick_one | Way.tick_any:
            yield from _ticks(box.choices)
        case Way.lines:
            yield from ("_" * _ROOM, "", "_" * _ROOM)
        case _:
            yield "_" * _ROOM


def _ticks(choices: Iterable[str]) -> list[str]:
    """Boxes to tick, none of them parted from its word."""
    glued = "  ".join(f"[ ] {choice}".replace(" ", "\u00a0") for choice in choices)
    lines = wrap(glued, _ROOM, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]


def _row(left: str, right: str) -> str:
    return f"{left:<{_LABEL}}{right}".rstrip()


def _wrapped(text: str) -> list[str]:
    return [*wrap(" ".join(text.split()), WIDTH), ""]


def _indented(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="    ", subsequent_indent="        ")


def _paged(title: str, blocks: Iterable[Sequence[str]]) -> list[str]:
    """Pages of whole blocks, each page with its title and number."""
    pages: list[list[str]] = [[]]
    for block in blocks:
        if len(pages[-1]) + len(block) > LINES - 2:
            pages.append([])
        pages[-1] += block
    return [
        "\n".join([_title(title, number, len(pages)), "", *lines]).rstrip() + "\n"
        for number, lines in enumerate(pages, 1)
    ]


def _title(title: str, number: int, count: int) -> str:
    where = f"page {number} of {count}"
    return f"{title}{where:>{WIDTH - len(title)}}"
