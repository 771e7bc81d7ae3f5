"""Saving an installation into one archive and bringing it back: database, uploads and, on request, the keys."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from psycopg import sql

from onecity.project import secrets
from onecity.project.environment import Environment, parse_database_url
from onecity.project.language import gettext as _
from onecity.project.stack.platform import take_lock
from onecity.project.stack.postgres import BINARIES, DATABASE, SUPERUSER, Postgres, socket_dir

Report = Callable[[str], None]
FORMAT = 1
FOLDERS = ("uploads", "archive", "seals")  # of the installation's home: what the database speaks of
KEYS = "secrets"


def save(env: Environment, target: Path, *, with_secrets: bool, report: Report) -> int:
    """Write the archive; returns its size in bytes. The dump is one consistent snapshot, taken while all runs."""
    with tempfile.TemporaryDirectory(dir=target.resolve().parent) as folder:
        dump = Path(folder) / "database.dump"
        report(_("Saving the database …"))
        _run([str(BINARIES / "pg_dump"), "--format=custom", "--compress=gzip:3", f"--file={dump}"], env)
        note = Path(folder) / "manifest.json"
        note.write_text(
            json.dumps({"format": FORMAT, "version": version("onecity"), "at": datetime.now(UTC).isoformat()})
        )
        report(_("Saving uploads …"))
        partial = Path(folder) / "archive.tar"
        with tarfile.open(partial, "w") as archive:
            archive.add(note, "manifest.json")
            archive.add(dump, "database.dump")
            for name in (*FOLDERS, KEYS) if with_secrets else FOLDERS:
                if (env.home / name).is_dir():
                    archive.add(env.home / name, name)
        partial.chmod(0o600)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        # appears whole or not at all
        partial.replace(target)
    return target.stat().st_size


def restore(env: Environment, source: Path, *, report: Report) -> None:
    """Replace database and uploads by the archive's; RuntimeError where the file is not such an archive."""
    if not env.embedded_database:
        raise RuntimeError(
            _("This installation uses its own PostgreSQL server: restore there with pg_restore (docs/running.md).")
        )
    run = env.home / "run"
    run.mkdir(parents=True, exist_ok=True)
    with take_lock(run / "lock"), tempfile.TemporaryDirectory() as folder:
        _unpack(source, Path(folder))
        server = Postgres(env.home)
        process = server.start()
        try:
            report(_("Restoring the database …"))
            _replace_database(env, server, Path(folder) / "database.dump")
        finally:
            server.stop(process)
        report(_("Restoring uploads …"))
        for name in (*FOLDERS, KEYS):
            if (Path(folder) / name).is_dir():
                shutil.copytree(Path(folder) / name, env.home / name, dirs_exist_ok=True)
        # the log of the old installation is not that of the restored data
        shutil.rmtree(env.home / "nats", ignore_errors=True)


def _unpack(source: Path, folder: Path) -> None:
    try:
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        manifest = json.loads((folder / "manifest.json").read_text())
    except (tarfile.TarError, FileNotFoundError, ValueError) as error:
        raise RuntimeError(_("{file} is no archive of OneCity; nothing was changed.").format(file=source)) from error
    if manifest.get("format") != FORMAT:
        raise RuntimeError(
            _("{file} has format {theirs}, this version reads {ours}; nothing was changed.").format(
                file=source, theirs=manifest.get("format"), ours=FORMAT
            )
        )


def _replace_database(env: Environment, server: Postgres, dump: Path) -> None:
    fresh = f"{DATABASE}_restore"
    with server.connect("postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(fresh)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER onecity_owner TEMPLATE template0").format(sql.Identifier(fresh))
        )
    _run([str(BINARIES / "pg_restore"), "--exit-on-error", f"--dbname={fresh}", str(dump)], env, database=fresh)
    with server.connect("postgres") as connection:
        # the old database goes only once the new one is complete
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(fresh), sql.Identifier(DATABASE))
        )


def _run(command: list[str], env: Environment, database: str = DATABASE) -> None:
    done = subprocess.run(command, env=_connection(env, database), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            _("{program} failed: {reason}").format(program=Path(command[0]).name, reason=done.stderr.strip())
        )


def _connection(env: Environment, database: str) -> dict[str, str]:
    """How PostgreSQL's own programs reach the database: through variables, so that no password is seen in a process list."""
    if env.embedded_database:
        reach = {"PGHOST": str(socket_dir(env.home)), "PGUSER": SUPERUSER, "PGDATABASE": database}
        return dict(os.environ) | reach | {"PGPASSWORD": secrets.text(env.home, SUPERUSER)}
    url = parse_database_url(env.owner_database_url or env.system_database_url)
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    return dict(os.environ) | {variable: str(url[name]) for variable, name in names.items()}
