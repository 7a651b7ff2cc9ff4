# Our services speak HTTP. Until Consul is told so it takes them for plain TCP, and refuses whatever looks into requests:
# routers, splitters, and intentions by path. No process of ours reads it; operators can build on it.
Kind = "proxy-defaults"
Name = "global"

Config {
  protocol = "http"
}
