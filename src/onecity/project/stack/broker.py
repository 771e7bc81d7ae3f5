"""The embedded broker's configuration for this installation, rendered by the package that speaks to it."""

from onecity.kernel.telemetry import broker
from onecity.project import secrets
from onecity.project.environment import Environment


def monitor_port(env: Environment) -> int:
    """The loopback port on which the broker tells its health."""
    return env.mqtt_port + 1


def configuration(env: Environment) -> str:
    """The whole text of the broker's configuration file."""
    ports = broker.Ports(env.nats_port, env.mqtt_port, monitor_port(env))
    return broker.server_config(env.home, ports, secrets.text(env.home, "broker"), sync=env.log_sync)
