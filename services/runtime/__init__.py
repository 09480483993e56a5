"""What every process is composed of: settings, logs, metrics, clocks, readiness, Temporal."""
