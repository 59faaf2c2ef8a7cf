"""`homeward report` as somebody types it: on the screen, for programs, for print and in public."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from tests.examples import STAFFORDSHIRE
from tests.scenarios.framework import QUARTER
from tests.scenarios.reports import report, values

ASKED = ("--for", STAFFORDSHIRE, "--period", QUARTER)


@pytest.fixture
def run(quarter, capsysbinary, monkeypatch, tmp_path):
    """Runs `homeward report` on the ledger of the quarter: exit code, output, errors."""
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "pseudonym.key").write_bytes(b"a secret of the tests only")
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    url = quarter.ledger.engine.url.render_as_string()

    def run(*arguments):
        code = cli.run(commands(), ["report", *arguments, "--ledger", url])
        said = capsysbinary.readouterr()
        return code, said.out, said.err.decode()

    return run


def flat(out):
    return re.sub(r"\s+", " ", out.decode())


def test_the_screen_shows_figures_with_their_wholes_and_the_names_to_list_them_by(run):
    code, out, _ = run("quarterly-missing", *ASKED)

    assert code == 0
    assert "1 July 2026 to 30 September 2026" in flat(out)
    assert "interviewed episodes 3/5 60% interviewed/episodes" in flat(out)
    assert "--list" in flat(out)
    assert "Val" not in out.decode()


def test_the_list_behind_a_figure_says_what_was_counted_and_what_was_not(run):
    code, out, _ = run("quarterly-missing", *ASKED, "--list", "interviewed/children")

    assert code == 0
    assert "interviewed: 2/3 (67%) children" in flat(out)
    assert len(re.findall(r"child-[0-9a-f]{24}", out.decode())) == 3
    assert flat(out).count("not counted") == 1


def test_a_figure_that_is_none_is_answered_with_those_there_are(run):
    code, _, err = run("quarterly-missing", *ASKED, "--list", "intervewed")

    assert code == 2
    assert "interviewed/children" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("quarterly", *ASKED), "perhaps quarterly-missing"),
        (("quarterly-missing", "--for", "la.E99", "--period", QUARTER), "la.E99"),
        (("quarterly-missing", "--for", STAFFORDSHIRE, "--period", "Q3"), "2026-Q3"),
        (("quarterly-missing", *ASKED, "--public", "--list", "missing/children"), "single child"),
        (("quarterly-missing", *ASKED, "--to", "/nowhere/at/all"), "cannot be written"),
    ],
)
def test_what_cannot_be_is_said_in_words(run, arguments, says):
    code, _, err = run(*arguments)

    assert code == 2
    assert says in re.sub(r"\s+", " ", err)


def test_csv_has_every_figure_and_no_cell_that_a_spreadsheet_takes_for_a_formula(run, quarter):
    _, out, _ = run("quarterly-missing", *ASKED, "--format", "csv")

    lines = list(csv.DictReader(io.StringIO(out.decode())))
    made = report(quarter, "quarterly-missing", STAFFORDSHIRE, period=QUARTER)
    printed = {
        line["figure"]: line["count"] + (f"/{line['of']}" if line["of"] else "")
        for line in lines
        if line["figure"]
    }
    assert printed == values(made)
    assert not any(cell.startswith(("=", "@", "+")) for line in lines for cell in line.values())


def test_json_has_counts_wholes_and_sections(run):
    _, out, _ = run("quarterly-missing", *ASKED, "--json")

    said = json.loads(out)
    assert said["period"] == {"name": QUARTER, "from": "2026-07-01", "to": "2026-09-30"}
    figure = said["figures"]["within-a-day/episodes"]
    assert (figure["count"], figure["of"], figure["share"]) == (4, 5, 0.8)
    assert {figure for part in said["sections"] for figure in part["figures"]} <= set(
        said["figures"]
    )


class Page(HTMLParser):
    """What a page is made of: its tags in order, with what each says of itself."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, tag):
        return [said for name, said in self.tags if name == tag]


def test_the_page_needs_nothing_else_and_can_be_read_aloud(run, tmp_path):
    file = tmp_path / "report.html"
    code, _, _ = run("quarterly-missing", *ASKED, "--format", "html", "--to", str(file))

    text = file.read_text("utf-8")
    page = Page(text)
    assert code == 0
    assert page.open == []
    assert not {"script", "link", "iframe", "img"} & {tag for tag, _ in page.tags}
    assert not re.findall(r'(?:href|src)="(?!#)', text)
    assert "default-src 'none'" in text
    assert page.of("html") == [{"lang": "en-GB"}]
    charts, ids = page.of("svg"), [said["id"] for _, said in page.tags if "id" in said]
    assert len(charts) == 5
    assert len(ids) == len(set(ids))
    for chart in charts:
        assert chart["role"] == "img"
        assert set(chart["aria-labelledby"].split()) <= set(ids)
    assert len(page.of("caption")) == len(page.of("table"))
    names = [tag for tag, _ in page.tags if tag in ("figure", "table")]
    for at, name in enumerate(names):
        assert name == "table" or "table" in names[at:], "a chart without its numbers"


def test_the_public_page_shows_nothing_small_and_nobody(run, tmp_path):
    file = tmp_path / "public.html"
    run("monthly-missing", "--for", STAFFORDSHIRE, "--period", "2026-07", "--public",
        "--format", "html", "--to", str(file))  # fmt: skip

    text = file.read_text("utf-8")
    assert "Public edition" in text
    assert "child-" not in text
    assert re.findall(r'<td class="short">(\d+)', text) == ["0"] * 6


def test_the_pdf_is_the_same_each_time(run, tmp_path):
    first, second = tmp_path / "1.pdf", tmp_path / "2.pdf"
    for file in (first, second):
        code, _, _ = run(
            "accountability", *ASKED, "--format", "pdf", "--as-at", "2026-10-06T08:00:00Z",
            "--to", str(file),
        )  # fmt: skip
        assert code == 0

    assert first.read_bytes().startswith(b"%PDF-")
    assert first.read_bytes() == second.read_bytes()


def test_the_catalogue_names_every_report_its_readers_and_its_source(capsys):
    assert cli.run(commands(), ["reports", "--json"]) == 0

    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert "paragraph 22" in listed["quarterly-missing"]["source"]
    assert all(one["readers"] and one["periods"] and one["source"] for one in listed.values())
    short = re.compile(r"\b(St17|Of|Gw|Ba|La|dom|msg) ([0-9]|box)")  # words of whoever wrote them
    assert not [name for name, one in listed.items() if short.search(one["source"])]


def test_a_home_is_given_no_report_of_the_children_of_its_area(run):
    home = "provider.SC999001"

    code, out, said = run("quarterly-missing", "--for", home, "--for", STAFFORDSHIRE, *ASKED[2:])

    assert code == 2
    assert not out
    assert "may not have this" in said


@pytest.mark.parametrize(
    ("as_at", "said"),
    [
        ("2026-06-30T22:59:00Z", "it has not begun"),
        ("2026-09-30T22:59:00Z", "it is not over"),
        ("2026-09-30T23:00:00Z", "2026-Q3)"),
    ],
)
def test_a_report_of_a_time_that_is_not_over_says_so(run, as_at, said):
    _, out, _ = run("quarterly-missing", *ASKED, "--as-at", as_at, "--format", "csv")

    (line,) = [line for line in out.decode().splitlines() if line.startswith("about,,,period,")]
    assert line.rstrip(",").endswith(said)


def test_a_wide_table_is_printed_on_a_page_that_is_turned(run, tmp_path):
    file = tmp_path / "month.pdf"

    run("monthly-missing", *ASKED[:2], "--period", "2026-09", "--format", "pdf", "--to", str(file))

    turned = re.findall(rb"/MediaBox \[0 0 841\.\d+ 595\.\d+\]", file.read_bytes())
    assert len(turned) == 1


def test_a_target_that_an_overlay_here_sets_stands_with_its_figure(run, tmp_path):
    _, without, _ = run("quarterly-missing", *ASKED)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "ours.yaml").write_text(
        "overlay: staffordshire-targets\n"
        "version: staffordshire-targets-1\n"
        "extends: england\n"
        f"applies_to: {{responsible: [{STAFFORDSHIRE}]}}\n"
        "valid: {from: 2026-01-01}\n"
        "targets:\n"
        "  - figure: quarterly-missing/missing/episodes\n"
        "    at_most: 1\n"
        "    by: 2027-03-31\n"
        "    how: Missing episodes in the quarter\n"
        "    source: local\n"
    )
    _, with_one, _ = run("quarterly-missing", *ASKED)

    assert "at most 1" not in flat(without)
    assert "at most 1" in flat(with_one)
