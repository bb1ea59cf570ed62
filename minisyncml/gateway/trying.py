"""A server that only looks, and finds datastores as one that does not. Loaded for dry runs."""

from __future__ import annotations

from minisyncml.gateway.serving import Serving
from minisyncml.sync.trial import TrialSyncer


class Trying(TrialSyncer, Serving):
    """See :class:`minisyncml.sync.trial.TrialSyncer`."""
