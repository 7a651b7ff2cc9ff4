"""Taking telemetry in: OTLP over HTTP, made rows of, and stored."""
