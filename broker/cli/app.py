"""The commands together, and what an error means for whoever typed one."""

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from broker.cli import (
    agencies,
    asking,
    assessed,
    censuses,
    dead_letters,
    homes_here,
    interviews,
    letters,
    outstanding,
    paper,
    policies,
    policy_changes,
    register,
    reports,
    restoring,
    retention,
    schemes,
    screen,
    shards,
    subscription,
    words,
)
from broker.errors import HomewardError, Misuse, Rejected

_GOOD, _NOT_GOOD, _WRONG_USE = 0, 1, 2


def new() -> typer.Typer:
    """`homeward`, without commands yet."""
    return typer.Typer(
        name="homeward",
        help="Tells police, councils and homes of missing children, and holds each to its time.",
        epilog="Start with `homeward up`, then `homeward agency add`, then `homeward send`.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def add_to(app: typer.Typer) -> None:
    """Add every command that needs neither take-in nor relay."""
    asking.add_to(app)
    assessed.add_to(app)
    outstanding.add_to(app)
    paper.add_to(app)
    register.add_to(app)
    reports.add_to(app)
    retention.add_to(app)
    letters.add_to(app)
    homes_here.add_to(app)
    restoring.add_to(app)
    shards.add_to(app)
    interviews.add_to(app)
    app.add_typer(agencies.commands, name="agency")
    policy_changes.add_to(policies.commands)
    schemes.add_to(policies.commands)
    app.add_typer(policies.commands, name="policy")
    app.add_typer(censuses.commands, name="census")
    app.add_typer(dead_letters.commands, name="dead-letters")
    app.add_typer(subscription.commands, name="subscription")
    app.add_typer(words.commands, name="schemas")


def run(app: Callable[..., object], arguments: Sequence[str] | None = None) -> int:
    """
    Run what was typed; the answer is the exit code: 0 good, 1 not good, 2 wrong use.

    Errors of ours become a line that says what to do, and nothing becomes a traceback: what a
    library says may quote a message.
    """
    try:
        app(args=arguments, prog_name="homeward")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else _NOT_GOOD
    except Misuse as error:
        screen.misuse(error)
        return _WRONG_USE
    except Rejected as error:
        screen.refused(error.code, error.field, error.detail)
        return _NOT_GOOD
    except HomewardError as error:
        screen.unavailable(error)
        return _NOT_GOOD
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # as with `| head`
        return _NOT_GOOD
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)[-4:]
        screen.fault(error, [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames])
        return _NOT_GOOD
    return _GOOD
