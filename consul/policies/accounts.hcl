# Calls nobody.

service "accounts" { policy = "write" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/accounts/" { policy = "read" }
