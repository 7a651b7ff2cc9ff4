# The servers' and agents' own token. A service's entry is written with the token of the service.

# Enter themselves into the catalogue, and be given a certificate.
node_prefix "consul-" { policy = "write" }
# See what the catalogue has of them, and take out what they no longer know.
service_prefix "" { policy = "read" }
