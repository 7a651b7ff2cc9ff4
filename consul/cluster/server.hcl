# One of three servers: two of them are enough to go on. Nobody may do anything without a token, nobody becomes a server
# without a certificate, and whoever only listens learns nothing. The gossip key and the first tokens come from
# /run/secrets/consul-server.json, which consul/make-secrets has made.

bootstrap_expect = 3
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
    cert_file       = "/run/secrets/consul-server.pem"
    key_file        = "/run/secrets/consul-server-key.pem"
    verify_outgoing = true
  }
  internal_rpc {
    verify_incoming = true
    # Only a certificate for server.dc1.consul makes a server; one that an agent was given makes none.
    verify_server_hostname = true
  }
}

# Signs the certificates of the agents.
connect {
  enabled = true
}

# Agents know only the CA: a server gives whoever shows the agents' token a certificate, and renews it.
auto_encrypt {
  allow_tls = true
}
