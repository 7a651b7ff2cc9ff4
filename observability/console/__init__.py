"""The console: takes telemetry in, keeps it for a while, and shows what the mesh did."""
