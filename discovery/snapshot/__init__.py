"""What was last known of services, on disk, for a process that starts while the registry is away."""
