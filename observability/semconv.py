"""Every name that leaves the process, once: resource attributes, span attributes, metrics.

OpenTelemetry's own names come first (semantic conventions 1.44), so that any backend's dashboards work.
There is no convention for discovery, retries or refusals: those names are ours and start with ``mesh.``.
``docs/telemetry.md`` explains each one, and a test compares it with this list.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"
SCOPE: Final = "proconsul"

# Resource: who speaks.
SERVICE_NAME: Final = "service.name"
SERVICE_NAMESPACE: Final = "service.namespace"
SERVICE_INSTANCE_ID: Final = "service.instance.id"
SERVICE_VERSION: Final = "service.version"

# Spans and metrics of HTTP.
HTTP_REQUEST_METHOD: Final = "http.request.method"
HTTP_REQUEST_METHOD_ORIGINAL: Final = "http.request.method_original"
HTTP_REQUEST_RESEND_COUNT: Final = "http.request.resend_count"
HTTP_RESPONSE_STATUS_CODE: Final = "http.response.status_code"
HTTP_ROUTE: Final = "http.route"
URL_FULL: Final = "url.full"
URL_PATH: Final = "url.path"
URL_QUERY: Final = "url.query"
URL_SCHEME: Final = "url.scheme"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
CLIENT_ADDRESS: Final = "client.address"
USER_AGENT_ORIGINAL: Final = "user_agent.original"
ERROR_TYPE: Final = "error.type"
SERVICE_PEER_NAME: Final = "service.peer.name"

# Spans of events.
MESSAGING_DESTINATION_NAME: Final = "messaging.destination.name"
MESSAGING_MESSAGE_ID: Final = "messaging.message.id"
MESSAGING_OPERATION_NAME: Final = "messaging.operation.name"
MESSAGING_OPERATION_TYPE: Final = "messaging.operation.type"
MESSAGING_SYSTEM: Final = "messaging.system"

# Spans of databases.
DB_COLLECTION_NAME: Final = "db.collection.name"
DB_NAMESPACE: Final = "db.namespace"
DB_OPERATION_BATCH_SIZE: Final = "db.operation.batch.size"
DB_OPERATION_NAME: Final = "db.operation.name"
DB_QUERY_SUMMARY: Final = "db.query.summary"
DB_QUERY_TEXT: Final = "db.query.text"
DB_RESPONSE_STATUS_CODE: Final = "db.response.status_code"
DB_SYSTEM_NAME: Final = "db.system.name"

# Log records.
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"

# Ours.
MESH_ATTEMPT: Final = "mesh.attempt"
MESH_ATTEMPTS: Final = "mesh.attempts"
MESH_DATACENTER: Final = "mesh.datacenter"
MESH_EJECTION_REASON: Final = "mesh.ejection.reason"
MESH_FILTER: Final = "mesh.filter"
MESH_INSTANCE_ID: Final = "mesh.instance.id"
MESH_LOOKUP: Final = "mesh.lookup"
MESH_LOOKUP_INSTANCES: Final = "mesh.lookup.instances"
MESH_LOOKUP_WAIT: Final = "mesh.lookup.wait"
MESH_NACK: Final = "mesh.nack"
MESH_OUTCOME: Final = "mesh.outcome"
MESH_PICK_CANDIDATES: Final = "mesh.pick.candidates"
MESH_PICK_EJECTED: Final = "mesh.pick.ejected"
MESH_PICK_POOL: Final = "mesh.pick.pool"
MESH_PICK_PROBE: Final = "mesh.pick.probe"
MESH_QUEUE_WAIT: Final = "mesh.queue.wait"
MESH_RETRY_DELAY: Final = "mesh.retry.delay"
MESH_RETRY_REASON: Final = "mesh.retry.reason"
MESH_VIEW_AGE: Final = "mesh.view.age"
MESH_VIEW_SOURCE: Final = "mesh.view.source"

# Metrics.
HTTP_CLIENT_REQUEST_DURATION: Final = "http.client.request.duration"
HTTP_SERVER_REQUEST_DURATION: Final = "http.server.request.duration"
HTTP_SERVER_ACTIVE_REQUESTS: Final = "http.server.active_requests"
MESH_CLIENT_ACTIVE_ATTEMPTS: Final = "mesh.client.active_attempts"
MESH_CLIENT_ATTEMPTS: Final = "mesh.client.attempts"
MESH_CLIENT_CALLS: Final = "mesh.client.calls"
MESH_CLIENT_EJECTED: Final = "mesh.client.ejected"
MESH_CLIENT_EJECTIONS: Final = "mesh.client.ejections"
MESH_CLIENT_PICKS: Final = "mesh.client.picks"
MESH_CLIENT_RESENDS: Final = "mesh.client.resends"
MESH_EVENTS_BACKLOG: Final = "mesh.events.backlog"
MESH_INSTANCES: Final = "mesh.instances"
MESH_HEALTH: Final = "mesh.health"
MESH_LOOP_LAG: Final = "mesh.loop.lag"
MESH_RETRY_BUDGET: Final = "mesh.retry.budget"
MESH_SERVER_NACKS: Final = "mesh.server.nacks"
MESH_WATCH_LAG: Final = "mesh.watch.lag"
PROCESS_MEMORY_USAGE: Final = "process.memory.usage"

# What the conventions advise for both durations, in seconds.
DURATION_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
# An idle event loop is up to a millisecond late.
LAG_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

# A method is a label, and strangers invent methods: all others count as one.
METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
OTHER: Final = "_OTHER"


def method(name: str) -> str:
    """*name* as a label."""
    return name if name in METHODS else OTHER


_STATUSES = frozenset(map(int, HTTPStatus))


def status(code: int) -> int:
    """*code* as a label: one that is not registered counts as the first of its class (RFC 9110, 15)."""
    return code if code in _STATUSES else code // 100 * 100
