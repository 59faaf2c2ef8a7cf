"""How letters look: plain text of 80 columns, one HTML page for a screen or a printer, or items."""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain
from textwrap import wrap
from typing import Any

from broker.letters.page import Item, Letter, State

_WIDTH = 80
_LABEL = 30
_ROOM = _WIDTH - _LABEL
_RULE = "-" * _WIDTH


def shape(letter: Letter) -> dict[str, Any]:
    """A letter or form as `--json` shows it: `said` is null where an item says nothing."""
    return {
        "form": letter.form,
        "type": letter.type,
        "to": letter.to,
        "title": letter.title,
        "marks": list(letter.marks),
        "head": [{"label": label, "said": said} for label, said in letter.head],
        "paragraphs": [*letter.opening, *letter.notes],
        "items": [
            {
                "item": each.item,
                "section": section.heading,
                "label": each.label,
                "said": each.words if each.state is State.stated else None,
                "state": each.state,
            }
            for section in letter.sections
            for each in section.items
        ],
    }


# -- text


def text_of(letter: Letter) -> str:
    """A letter or form in plain text."""
    blocks = [
        *(_boxed(mark) for mark in letter.marks),
        [line for label, said in letter.head for line in _row(label, said)],
        [letter.title.upper(), "=" * min(len(letter.title), _WIDTH)],
        *([[letter.greeting]] if letter.greeting else []),
        *map(_folded, letter.opening),
        *(list(_section(section.heading, section.items)) for section in letter.sections),
        *map(_folded, letter.notes),
        list(chain.from_iterable([line, ""] for line in letter.signature))[:-1],
        [_RULE, *chain.from_iterable(map(_folded, letter.foot))],
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _section(heading: str, items: Iterable[Item]) -> Iterator[str]:
    yield heading.upper()
    yield _RULE
    for each in items:
        yield from _row(each.label, each.words)


def _row(label: str, said: str) -> Iterator[str]:
    left, right = wrap(label, _LABEL - 2), list(_lines(said, _ROOM))
    for at in range(max(len(left), len(right))):
        start = left[at] if at < len(left) else ""
        yield f"{start:<{_LABEL}}{right[at] if at < len(right) else ''}".rstrip()


def _lines(said: str, width: int) -> Iterator[str]:
    for line in said.split("\n"):
        yield from wrap(line, width) or [""]


def _folded(text: str) -> list[str]:
    return list(_lines(text, _WIDTH))


def _boxed(mark: str) -> list[str]:
    return ["*" * _WIDTH, *(f"* {line}" for line in _lines(mark, _WIDTH - 2)), "*" * _WIDTH]


# -- HTML

# Nothing comes from elsewhere: the page is read and printed where there may be no network.
_STYLE = """
:root { color-scheme: light; --ink: #14181c; --soft: #4a545e; --line: #b9c2ca; --band: #f2f5f7;
  --mark: #8f1d14; --bar: #1d4f73; }
* { box-sizing: border-box; }
body { margin: 0; background: #e6eaed; color: var(--ink);
  font: 1rem/1.5 "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
main { max-width: 52rem; margin: 1.5rem auto; padding: 2.5rem 3rem; background: #fff;
  border-top: .4rem solid var(--bar); box-shadow: 0 1px 4px rgb(0 0 0 / 25%); }
h1 { margin: 1.6rem 0 1rem; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 1.8rem 0 .4rem; font-size: 1.1rem; color: var(--bar); break-after: avoid; }
p { margin: 0 0 .8rem; max-width: 42rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { padding: .45rem .6rem; border: 1px solid var(--line); text-align: start;
  vertical-align: top; overflow-wrap: anywhere; }
tr { break-inside: avoid; }
thead th { background: var(--bar); color: #fff; }
th[scope=row] { font-weight: 600; background: var(--band); }
col.label { width: 36%; }
td.silent { color: var(--soft); font-style: italic; }
.mark { margin: 0 0 1rem; padding: .7rem 1rem; max-width: none; border: .2rem solid var(--mark);
  color: var(--mark); font-weight: 700; }
.notes { margin-top: 1.2rem; }
.sign { margin-top: 1.6rem; break-inside: avoid; }
.sign p { margin-bottom: 1.4rem; }
.for { font-weight: 600; }
.blank { display: inline-block; width: 22rem; max-width: 100%;
  border-bottom: 1px solid var(--ink); }
footer { margin-top: 1.6rem; padding-top: .6rem; border-top: 1px solid var(--line);
  color: var(--soft); font-size: .85rem; }
footer p { max-width: none; margin-bottom: .3rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  main { margin: 0; padding: 1.2rem 1rem; box-shadow: none; }
  h1 { font-size: 1.35rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  col.label { width: 42%; }
}
@page { size: A4; margin: 16mm 18mm; }
@media print {
  body { background: #fff; font-size: 10.5pt; line-height: 1.4; }
  main { max-width: none; margin: 0; padding: 0; border: 0; box-shadow: none; }
  h1 { margin: 5mm 0 3mm; font-size: 15pt; }
  h2 { margin: 4.5mm 0 1mm; font-size: 11.5pt; }
  p { margin-bottom: 2mm; }
  .notes, .sign, footer { margin-top: 4mm; }
  .sign p { margin-bottom: 5mm; }
  thead { display: table-header-group; }
  thead th { background: #fff; color: var(--ink); border-bottom-width: 2px; }
  th, td { padding: 1.2mm 2mm; }
  p { orphans: 3; widows: 3; }
}
"""


def html_of(letter: Letter) -> str:
    """A letter or form as one page that needs nothing else; everything in it is escaped."""
    # The title bar, history and printer queue show the title, so it names no child.
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en-GB">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="robots" content="noindex">',
            f"<title>{escape(letter.title)}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            "<main>",
            *_body(letter),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _body(letter: Letter) -> Iterator[str]:
    for mark in letter.marks:
        yield f'<p class="mark" role="note">{escape(mark)}</p>'
    yield "<header>"
    yield "<dl>"
    for label, said in letter.head:
        yield f'<dt>{escape(label)}</dt><dd dir="auto">{_broken(said)}</dd>'
    yield "</dl>"
    yield f"<h1>{escape(letter.title)}</h1>"
    yield "</header>"
    if letter.greeting:
        yield f"<p>{escape(letter.greeting)}</p>"
    yield from (f"<p>{escape(text)}</p>" for text in letter.opening)
    for number, section in enumerate(letter.sections, 1):
        yield f'<section aria-labelledby="part-{number}">'
        yield f'<h2 id="part-{number}">{escape(section.heading)}</h2>'
        yield from _table(number, section.items, letter.columns)
        yield "</section>"
    if letter.notes:
        yield '<section class="notes">'
        yield from (f"<p>{escape(text)}</p>" for text in letter.notes)
        yield "</section>"
    yield '<div class="sign">'
    yield from (f"<p>{_ruled(text)}</p>" for text in letter.signature)
    yield "</div>"
    yield "<footer>"
    yield from (f"<p>{escape(text)}</p>" for text in letter.foot)
    yield "</footer>"


def _table(number: int, items: Iterable[Item], columns: Iterable[str]) -> Iterator[str]:
    yield f'<table aria-labelledby="part-{number}">'
    yield '<colgroup><col class="label"><col></colgroup>'
    if columns:
        heads = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
        yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for each in items:
        silent = "" if each.state is State.stated else ' class="silent"'
        yield (
            f'<tr><th scope="row">{escape(each.label)}</th>'
            f'<td{silent} dir="auto">{_broken(each.words)}</td></tr>'
        )
    yield "</tbody>"
    yield "</table>"


def _broken(said: str) -> str:
    return "<br>".join(escape(line) for line in said.split("\n"))


def _ruled(text: str) -> str:
    """Text whose row of underscores becomes a line to write on."""
    words, blank, rest = text.partition("____")
    if not blank:
        return escape(text)
    return f'{escape(words)}<span class="blank">&nbsp;</span>{escape(rest.lstrip("_"))}'
