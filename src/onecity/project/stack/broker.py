"""The embedded broker's configuration for this installation, rendered by the package that speaks to it."""

from onecity.kernel.telemetry import broker
from onecity.kernel.tiers import membership
from onecity.project import secrets
from onecity.project.environment import Environment


def monitor_port(env: Environment) -> int:
    """The loopback port on which the broker tells its health."""
    return env.mqtt_port + 1


def configuration(env: Environment) -> str:
    """The whole text of the broker's configuration file."""
    ports = broker.Ports(env.nats_port, env.mqtt_port, monitor_port(env), websocket=env.websocket_port)
    secret = secrets.text(env.home, "broker")
    certificate = None
    if env.leaf_certificate and env.leaf_key:
        certificate = broker.Certificate(env.leaf_certificate, env.leaf_key)
    door = membership.Door(env.leaf_port, env.leaf_host, certificate)
    federation = membership.federation(env.home, secret, env.tier, door) or broker.ALONE
    return broker.server_config(env.home, ports, secret, sync=env.log_sync, federation=federation)
