# The stand-ins, by the names in .env, which .ci/stand-ins hands on with the programs that they are made of. Two labels
# tell that an image stands in, and what is in it: `mesh test --compose` repeats them.
variable "PYTHON_IMAGE" {}
variable "CONSUL_IMAGE" {}
variable "COLLECTOR_IMAGE" {}
variable "JAEGER_IMAGE" {}
variable "PROMETHEUS_IMAGE" {}
variable "RABBITMQ_IMAGE" {}
variable "CONSUL_BIN" {}
variable "JAEGER_BIN" {}
variable "PROMETHEUS_BIN" {}

function "folder" {
  params = [program]
  result = regex_replace(program, "/[^/]*$", "")
}

target "stand-in" {
  context = "tests/compose/images"
  args    = { BASE = PYTHON_IMAGE }
}

target "consul" {
  inherits = ["stand-in"]
  target   = "consul"
  contexts = { program = folder(CONSUL_BIN) }
  tags     = [CONSUL_IMAGE]
  labels = {
    "org.proconsul.stands-in-for" = CONSUL_IMAGE
    "org.proconsul.stands-in-by"  = "Consul 1.19.2, built from its Go modules"
  }
}

target "collector" {
  inherits = ["stand-in"]
  target   = "collector"
  contexts = { program = folder(JAEGER_BIN) }
  tags     = [COLLECTOR_IMAGE]
  labels = {
    "org.proconsul.stands-in-for" = COLLECTOR_IMAGE
    "org.proconsul.stands-in-by"  = "Jaeger 2.2, which is a collector with fewer components, built from its Go modules"
  }
}

target "jaeger" {
  inherits = ["stand-in"]
  target   = "jaeger"
  contexts = { program = folder(JAEGER_BIN) }
  tags     = [JAEGER_IMAGE]
  labels = {
    "org.proconsul.stands-in-for" = JAEGER_IMAGE
    "org.proconsul.stands-in-by"  = "Jaeger 2.2 without its web pages, built from its Go modules"
  }
}

target "prometheus" {
  inherits = ["stand-in"]
  target   = "prometheus"
  contexts = { program = folder(PROMETHEUS_BIN) }
  tags     = [PROMETHEUS_IMAGE]
  labels = {
    "org.proconsul.stands-in-for" = PROMETHEUS_IMAGE
    "org.proconsul.stands-in-by"  = "Prometheus 3.15.0 without its web pages, built from its Go modules"
  }
}

target "rabbitmq" {
  inherits = ["stand-in"]
  target   = "rabbitmq"
  tags     = [RABBITMQ_IMAGE]
  labels = {
    "org.proconsul.stands-in-for" = RABBITMQ_IMAGE
    "org.proconsul.stands-in-by"  = "RabbitMQ 4.0.5 of Debian 13"
  }
}
