# A Consul server in a container, in both modes; plain/server.hcl or cluster/server.hcl is read after this one.
# Addresses of the host are none of its business: compose.yaml says what is published, and where.

server = true

# Consul listens on every address of its container; which of them the world reaches is decided outside.
client_addr = "0.0.0.0"

# The web interface, on the HTTP port below /ui/.
ui_config {
  enabled = true
}

performance {
  # What production uses. The default of 5 is for tiny machines: there, an election takes up to ten seconds.
  raft_multiplier = 1
}

limits {
  # Every watch of every process holds a connection, and Consul counts them by client address. All that comes through
  # a published port has one address: with its default of 200, a few services with many instances get answers of 429.
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
