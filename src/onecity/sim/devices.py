"""Credentials of the simulated and replayed devices: made once, kept outside the database in a file only we can read."""

import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from onecity.kernel.telemetry import service
from onecity.kernel.telemetry.models import Device


@dataclass(frozen=True, slots=True)
class Credentials:
    """By which a device signs in: MQTT user name and password, or both joined by a dot as HTTP bearer token."""

    device_id: uuid.UUID
    secret: str

    @property
    def token(self) -> str:
        """Bearer token of the HTTP gateway."""
        return f"{self.device_id}.{self.secret}"


class KeyRing:
    """The secrets of this installation's simulated devices by device name, in `<home>/secrets/devices.json`."""

    def __init__(self, home: Path) -> None:
        self._path = home / "secrets" / "devices.json"
        self._known: dict[str, list[str]] = (
            json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        )

    def credentials(self, name: str, division_path: str, readings_per_second: int) -> Credentials:
        """Give the credentials of the device of that name, registering it or renewing its secret where needed."""
        kept = self._known.get(name)
        if kept and Device.objects.filter(id=kept[0], status="active").exists():
            return Credentials(uuid.UUID(kept[0]), kept[1])
        device = Device.objects.filter(name=name, division_path=division_path, status="active").first()
        if device is None:
            device, secret = service.create_device(name, division_path, readings_per_second=readings_per_second)
        else:
            secret = service.rotate_secret(device.id)
        self._known[name] = [str(device.id), secret]
        self._save()
        return Credentials(device.id, secret)

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._known, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
