"""The alerts ring when they should and not otherwise, and speak of metrics that exist."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from broker.clock import SystemClock
from broker.ledger.engine import Ledger
from broker.metrics import AccountFigures, LedgerFigures, Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana" / "homeward.json"


@pytest.mark.parametrize(
    "arguments", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")]
)
def test_promtool_is_content(arguments):
    done = subprocess.run(
        ["promtool", *arguments], cwd=ALERTS.parent, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", [ALERTS, DASHBOARD], ids=["alerts", "dashboard"])
def test_every_metric_that_is_asked_for_exists(file, tmp_path):
    asked = set(re.findall(r"homeward_[a-z_]+", file.read_text()))

    assert asked
    assert asked - exposed(tmp_path) == set()


def test_every_alert_is_tested():
    alerts = set(re.findall(r"alert: (\w+)", ALERTS.read_text()))
    tested = set(re.findall(r"Homeward\w+", ALERTS.with_name("alerts_test.yaml").read_text()))

    assert alerts == tested


def test_the_dashboard_places_its_panels_side_by_side():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def exposed(folder: Path) -> set[str]:
    ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
    ledger.create(SystemClock())
    registry = CollectorRegistry()
    Metrics(registry)
    AccountFigures(registry)
    registry.register(LedgerFigures(ledger, SystemClock()))
    names = {sample.name for metric in registry.collect() for sample in metric.samples}
    families = {metric.name for metric in registry.collect()}
    ledger.close()
    return names | families | {f"{name}_bucket" for name in families}
