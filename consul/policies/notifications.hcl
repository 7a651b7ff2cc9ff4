# Asks accounts by which keys tokens are signed.

service "notifications" { policy = "write" }
service "accounts" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/notifications/" { policy = "read" }
