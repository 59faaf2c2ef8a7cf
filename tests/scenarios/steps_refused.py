"""What is done about a message that was refused: by its sender, or by Homeward's operator."""

from pytest_bdd import then, when

from broker.dead_letters import kept
from broker.dead_letters.repair import drop, repair
from broker.dead_letters.replay import replay
from broker.ledger.refusing import OPEN
from broker.operators import Operator
from tests.scenarios.steps_scene import Scene
from tests.scenarios.steps_words import Moment, says

_OPERATOR = Operator("Anna Operator")


def _open(scene: Scene, agency: str | None = None) -> list[int]:
    with scene.play.ledger.reading() as connection:
        return kept.to_replay(connection, 100, kept.Letters(state=OPEN, agency=agency))


@when(says("{moment:When}{agency:Agency} sends its refused message again, naming {council:Agency}"))
def _(scene: Scene, moment: Moment, agency: str, council: str) -> None:
    scene.move(moment)
    name, message = next(said for said in reversed(scene.said) if said[1].sender == agency)
    right = message.model_copy(update={"responsible_authority": council, "sent_at": scene.now})
    scene.arrives(name, right)


@when(says("{moment:When}the operator repairs what {agency:Agency} was refused, naming {council:Agency}"))  # fmt: skip # noqa: E501
def _(scene: Scene, moment: Moment, agency: str, council: str) -> None:
    scene.move(moment)
    fields = {"responsible_authority": council}
    for number in _open(scene, agency):
        act = repair(number, _OPERATOR, "Said so by telephone", fields=fields)
        assert scene.play.decider.operate(act) == ["responsible_authority"]


@when(says("{moment:When}the operator replays what was refused"))
def _(scene: Scene, moment: Moment) -> None:
    scene.move(moment)
    scene.begin()
    replay(scene.play.decider, _open(scene), _OPERATOR)
    scene.play.send()


@when(says("{moment:When}the operator drops what {agency:Agency} was refused"))
def _(scene: Scene, moment: Moment, agency: str) -> None:
    scene.move(moment)
    for number in _open(scene, agency):
        scene.play.decider.operate(drop(number, _OPERATOR, "A test of theirs"))
    scene.play.send()


@then("nothing that was refused is open")
def _(scene: Scene) -> None:
    assert _open(scene) == []
