# The agent of the three servers. The gossip key and its token come from /run/secrets/consul-agent.json; its certificate
# comes from a server, so that no key of it is on any disk but its own.

# Asked again until one answers, so nothing has to start in a given order; by default only after half a minute.
retry_join     = ["consul-server", "consul-server-2", "consul-server-3"]
retry_interval = "2s"

acl {
  enabled        = true
  default_policy = "deny"
  # A token that is given to a running agent is still known after its restart.
  enable_token_persistence = true
}

tls {
  defaults {
    ca_file         = "/run/secrets/consul-ca.pem"
    verify_outgoing = true
  }
  internal_rpc {
    # Nobody else may pose as a server, whoever signed his certificate.
    verify_server_hostname = true
  }
}

# Until consul-setup has entered its token the servers refuse, and the agent asks again.
auto_encrypt {
  tls = true
}
