"""What there is to look at where we can do nothing ourselves: the same words in logs and in commands."""

from __future__ import annotations

# Where the agent has our entry, and the catalogue does not show it.
NOT_IN_CATALOGUE = (
    'the agent\'s log says why it cannot write it ("node name ... is reserved by node": give it another node_name; '
    '"blocked by ACLs": its acl.tokens.agent needs node_prefix "" { policy = "write" })'
)
