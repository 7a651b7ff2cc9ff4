# The agent that `./mesh up --consul real` starts, in Consul's development mode: one process, all in memory.
# The ports are given on the command line, so that several can run beside each other.

# Nobody but this machine: a development agent has no access control.
bind_addr   = "127.0.0.1"
client_addr = "127.0.0.1"

# The web interface, on the HTTP port below /ui/.
ui_config {
  enabled = true
}

limits {
  # Every watch of every process holds a connection, and Consul counts them by client address. With all processes
  # on one machine its default of 200 ends with answers of 429 at a few services with many instances.
  http_max_conns_per_client = 4096
}

telemetry {
  # Names of metrics stay the same on every machine.
  disable_hostname = true
}

# No calls home.
disable_update_check = true
