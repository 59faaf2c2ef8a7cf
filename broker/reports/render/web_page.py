"""A report as one HTML page that needs nothing else: read on a screen, on paper, or aloud."""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import count

from broker.directory import Directory
from broker.reports.figures import Cell, Chart, Figure, Report, Section, Table
from broker.reports.render.charts import svg
from broker.reports.render.words import beside, heading, notes, stands_beside

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.25rem 3rem; color: #1a1a1a;
  background: #fff; font: 100%/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; padding-top: .5rem;
  border-top: 2px solid #1a1a1a; }
dl.about { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; }
dl.about dt { color: #555; } dl.about dd { margin: 0; }
p.mark { border: 2px solid #1a1a1a; padding: .4rem .75rem; font-weight: 600; }
.scroll { overflow-x: auto; margin: .75rem 0 1.25rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid #ddd; }
thead th { border-bottom: 2px solid #1a1a1a; font-size: .9rem; vertical-align: bottom; }
tbody th { font-weight: 400; width: 40%; }
td.number { white-space: nowrap; }
.percent, .unit, .note { color: #555; }
.note { font-size: .9rem; }
.changed { display: block; font-size: .85rem; border-left: 3px solid #d55e00; padding-left: .4rem;
  margin-top: .15rem; white-space: normal; }
figure { margin: 1rem 0; }
figure svg { display: block; width: 100%; min-width: 34rem; max-width: 46rem; height: auto; }
figure .scroll { margin: 0; }
figcaption { color: #555; font-size: .9rem; }
footer { margin-top: 2.5rem; border-top: 1px solid #ddd; color: #555; font-size: .9rem; }
@media (max-width: 40rem) {
  body { padding: 1rem .9rem 2rem; }
  dl.about { grid-template-columns: 1fr; } dl.about dd { margin-bottom: .4rem; }
  th, td { padding-right: .7rem; font-size: .92rem; }
}
@page { size: A4; margin: 16mm 14mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, dl.about { break-after: avoid; } tr, figure, svg, .whole { break-inside: avoid; }
  footer { break-before: avoid; }
  thead { display: table-header-group; } .scroll { overflow: visible; }
  table { font-size: 9pt; } th, td { padding-right: .5rem; }
  figure svg { min-width: 0; max-height: 110mm; }
}
"""
_WHOLE = 12  # rows: a table that long is not broken over two pages
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


def as_page(report: Report, directory: Directory) -> str:
    """The whole report; nothing in it is fetched from elsewhere, and nothing runs."""
    numbers = count(1)
    title = f"{report.title}: {directory.name_of(report.asked.reader)}, {report.asked.period.name}"
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en-GB">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            "<header>",
            f"<h1>{escape(report.title)}</h1>",
            *_about(report, directory),
            "</header>",
            "<main>",
            *(line for part in report.sections for line in _section(part, numbers)),
            "</main>",
            *_foot(report),
            "</body>",
            "</html>",
            "",
        )
    )


def _about(report: Report, directory: Directory) -> Iterator[str]:
    if report.public:
        yield '<p class="mark">Public edition</p>'
    yield '<dl class="about">'
    for word, value in heading(report, directory):
        yield f"<dt>{escape(word.capitalize())}</dt><dd>{escape(value)}</dd>"
    yield "</dl>"


def _foot(report: Report) -> Iterator[str]:
    yield "<footer>"
    for note in notes(report):
        yield f"<p>{escape(note)}</p>"
    yield "</footer>"


def _section(part: Section, numbers: "count[int]") -> Iterator[str]:
    yield "<section>"
    yield f"<h2>{escape(part.title)}</h2>"
    if part.text:
        yield f"<p>{escape(part.text)}</p>"
    if part.figures:
        yield from _figures(part)
    left = list(part.charts)
    for table in part.tables:
        for chart in [one for one in left if stands_beside(one, [table])]:
            left.remove(chart)
            yield from _chart(chart, next(numbers))
        yield from _table(table)
    for chart in left:
        yield from _chart(chart, next(numbers))
        yield from _table(beside(chart))
    yield "</section>"


def _figures(part: Section) -> Iterator[str]:
    rows = ((figure.label, figure, str(figure.unit)) for figure in part.figures)
    yield from _rows("Figures", ("What", "Count", "Of"), rows)


def _table(table: Table) -> Iterator[str]:
    if not table.rows:
        yield f"<p><strong>{escape(table.title)}:</strong> {escape(table.none)}</p>"
        return
    columns = tuple(column.strip().capitalize() or "\u00a0" for column in table.columns)
    yield from _rows(table.title, columns, table.rows)
    if table.note:
        yield f'<p class="note">{escape(table.note)}</p>'


def _rows(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Iterable[Cell]],
    *,
    hide_caption: bool = False,
) -> Iterator[str]:
    rows = [tuple(row) for row in rows]
    kind = "scroll whole" if len(rows) <= _WHOLE else "scroll"
    # Whoever cannot point can still scroll a wide table: so it takes the focus.
    yield f'<div class="{kind}" role="region" aria-label="{escape(title)}" tabindex="0"><table>'
    yield f"<caption>{escape(title)}</caption>"
    heads = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    for first, *others in rows:
        cells = "".join(map(_cell, others))
        yield f'<tr><th scope="row">{_text(first)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _cell(cell: Cell) -> str:
    kind = ' class="number"' if isinstance(cell, Figure) else ""
    return f"<td{kind}>{_text(cell)}</td>"


def _text(cell: Cell) -> str:
    if not isinstance(cell, Figure):
        return escape(cell).replace("\n", "<br>")
    words = escape(cell.value)
    if cell.percent:
        words += f' <span class="percent">({escape(cell.percent)})</span>'
    if cell.note:
        words += f' <span class="note">{escape(cell.note)}</span>'
    if cell.changed:
        words += f'<span class="changed">{escape(cell.changed)}</span>'
    return words


def _chart(chart: Chart, number: int) -> Iterator[str]:
    yield f'<figure><div class="scroll">{svg(chart, number)}</div>'
    yield f"<figcaption>{escape(chart.title)}. {escape(chart.says)}</figcaption></figure>"
