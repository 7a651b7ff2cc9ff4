# Shows everybody, so it reads everybody.

service "console" { policy = "write" }
service_prefix "" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/console/" { policy = "read" }
