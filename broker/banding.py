"""The colour of a case, by the bands that its councils' policy sets. Pure."""

from datetime import datetime

from broker.directory import Directory
from broker.episode import State
from broker.policy.policies import Policies
from broker.situation import as_it_stands
from broker.whereabouts import whereabouts


def band_of(state: State, at: datetime, policies: Policies, directory: Directory) -> str:
    """The first band that fits an absence as it stands; empty where no policy has bands."""
    where = whereabouts(directory.nation_of(state.lead), state, directory)
    return policies.of(where, at).banded(as_it_stands(state, at)).band
