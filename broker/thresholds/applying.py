"""Which thresholds an absence is counted by: those of its councils' policy, as it began. Pure."""

from broker.decision import Rulebook
from broker.keys import derived
from broker.policy.model import Policy, Threshold
from broker.thresholds.counted import Absence
from broker.thresholds.counting import holds


def policy_of(absence: Absence, rules: Rulebook) -> Policy:
    """The policy whose thresholds an absence is counted by: of its councils, as it began."""
    nation = rules.directory.nation_of(absence.began.lead)
    return rules.policy(nation, absence.began, absence.started_at)


def set_for(absence: Absence, about: str, rules: Rulebook) -> list[Threshold]:
    """The thresholds that an absence may reach, for a child as it was then."""
    policy = policy_of(absence, rules)
    return [one for one in policy.thresholds if one.about == about and holds(one, absence)]


def terms(threshold: Threshold) -> str:
    """What a threshold asks, as one word: it differs when a later policy asks something else."""
    when = sorted((name, sorted(map(str, fits))) for name, fits in threshold.when.items())
    return str(derived("threshold-terms", threshold.any, when))
