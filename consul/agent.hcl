# The client agent that services register with, in both modes; plain/agent.hcl or cluster/agent.hcl is read after it.

# Services are in containers of their own, so the agent listens on every address of its container.
client_addr = "0.0.0.0"

# An agent that left the cluster would take its node and everybody registered with it out of the catalogue, while they go
# on: for seconds nobody would find them. Like this a restart looks like a short failure, which callers do not believe.
leave_on_terminate = false

limits {
  # Every watch of every process holds a connection, and Consul counts them by client address: processes that share
  # one, on a host or behind a gateway, would get answers of 429 beyond its default of 200.
  http_max_conns_per_client = 4096
}

telemetry {
  # Metrics for Prometheus, at /v1/agent/metrics: a value that nobody renewed for so long is forgotten.
  prometheus_retention_time = "60s"
  # Names of metrics stay the same on every machine.
  disable_hostname = true
}

# No calls home.
disable_update_check = true
