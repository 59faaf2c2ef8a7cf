"""`homeward policy schemes`: the overlays that come with Homeward, and how one is used."""

import itertools
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from broker.cli import home as homes
from broker.cli import screen
from broker.cli.options import Home, Json, PolicyFolder
from broker.directory import Directory
from broker.errors import Misuse
from broker.policy import load
from broker.policy.difference import in_force
from broker.policy.overlay import Overlay

_NAMED = 3

# The end of a first sentence, but for what is shortened, as in "c. 2009".
_END = re.compile(r"(?<!\bc)[.;](?:\s|$)")


def schemes(
    name: Annotated[
        str | None, typer.Argument(metavar="[SCHEME]", help="One of them: print its text.")
    ] = None,
    use: Annotated[
        bool, typer.Option("--use", help="Lay it into the policy folder of this home.")
    ] = False,
    home: Home = None,
    policies: PolicyFolder = None,
    as_json: Json = False,
) -> None:
    """
    List the schemes that come with Homeward; none counts until it is taken into use.

    They are overlays of the schemes that reports describe, with their sources, to use as they are
    or to write one's own from. After `--use`, `homeward policy activate` makes it count.
    """
    if name is None:
        if use:
            raise Misuse("name the scheme to use: `homeward policy schemes` lists them")
        _list(as_json)
        return
    try:
        found = load.scheme(name)
    except LookupError as error:
        raise Misuse(f"{error.args[0]} (`homeward policy schemes` lists them)") from error
    if not use:
        typer.echo(load.scheme_text(name), nl=False)
        return
    folder = homes.settings(home, policies=policies).policy_folder
    _lay(found, name, folder)
    screen.out().print(
        f"{found.version} lies in the policy folder of this home. It counts after `homeward policy "
        "activate`, which says first what changes."
    )


def _lay(found: Overlay, name: str, folder: Path) -> None:
    file = folder / f"{name}.yaml"
    if file.exists():
        raise Misuse(f"{file} is there already: look at it, and remove it to lay it anew")
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(load.scheme_text(name), "utf-8")


def _list(as_json: bool) -> None:
    each = [(name, load.scheme(name)) for name in load.schemes()]
    if as_json:
        screen.print_json([_as_json(name, one) for name, one in each])
        return
    rows = [(name, _title(name), _for(one)) for name, one in each]
    screen.table("Schemes", ("scheme", "what it is", "it is for"), rows, "None is shipped.")


def _as_json(name: str, one: Overlay) -> dict[str, Any]:
    return {
        "scheme": name,
        "title": _title(name),
        "version": one.version,
        "in_force": in_force(one),
        "applies_to": {role: sorted(agencies) for role, agencies in one.applies_to.items()},
    }


def _for(one: Overlay) -> str:
    """Whom it is for, each once."""
    named = sorted({agency for agencies in one.applies_to.values() for agency in agencies})
    each = [Directory.shipped().name_of(agency) for agency in named]
    more = f" and {len(each) - _NAMED} more" if len(each) > _NAMED else ""
    return ", ".join(each[:_NAMED]) + more


def _title(name: str) -> str:
    """Its first sentence, which says what it is."""
    lines = (line.lstrip("# ") for line in load.scheme_text(name).splitlines())
    text = " ".join(itertools.takewhile(bool, lines))
    return _END.split(text, maxsplit=1)[0]


def add_to(app: typer.Typer) -> None:
    """Add `homeward policy schemes`."""
    app.command("schemes", epilog="Example: homeward policy schemes lamp --use")(schemes)
