"""Files of cases between the tiers: asked for piece by piece over the link, so that a cut costs no more than one piece.

Whoever has the reference asks whoever has the bytes: one piece at a time and not faster than the line is wanted for
readings and cases. What has come stays on the disk and is gone on with, after a cut as after a restart; a file takes its
place only when it is whole and its SHA-256 is the one that was told.
"""

import datetime as dt
import logging
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Q

from onecity.kernel.cases import announcing, attachments
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.link import Link, LinkError, Message
from onecity.kernel.tiers import peers
from onecity.kernel.tiers.logic import names
from onecity.kernel.tiers.models import AwaitedFile, FileState, Shared
from onecity.kernel.tiers.models import Link as LinkState
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.tiers.shaping import Shaper

PIECE = 256 * 1024
# 256 KiB in so many seconds at most: about 5 MB/s, the rest of the line is for readings and cases
PACE_S = 0.05
IDLE_S = 0.5
ANSWER_S = 5.0
# a file that was not given is asked for again after a while; one that stays may be given by a later policy
AGAIN = dt.timedelta(seconds=10)
STAYS_AGAIN = dt.timedelta(hours=1)
MOST_TRIES = 3
DISK_RESERVE = 512 * 1024 * 1024
GIVEN, STAYS, ABSENT = b"+", b"-stays", b"-absent"

log = logging.getLogger(__name__)


class Wish(msgspec.Struct, frozen=True):
    """What is asked for: the file by its SHA-256, from which byte on."""

    sha256: str
    start: int


def give(peer: Joined, wish: Wish) -> bytes:
    """The answer to a wish of this peer: a piece, or why there is none."""
    if not _may_leave(peer, wish.sha256):
        return STAYS
    path = attachments.path_of(wish.sha256)
    if not path.exists():
        return ABSENT
    with path.open("rb") as file:
        file.seek(wish.start)
        return GIVEN + file.read(PIECE)


def fetch(peer: Joined, ask: Callable[[Wish], bytes]) -> bool:
    """Ask for one piece of the file that has waited longest; whether there was one. Raises LinkError."""
    row = _next(peer)
    if row is None:
        return False
    part = _part(row.sha256)
    if shutil.disk_usage(part.parent).free < DISK_RESERVE:
        return False
    if attachments.path_of(row.sha256).exists():
        row.delete()
        return True
    have = part.stat().st_size if part.exists() else 0
    if have < row.size:
        answer = ask(Wish(row.sha256, have))
        if not answer.startswith(GIVEN) or len(answer) == 1 or have + len(answer) - 1 > row.size:
            _put_off(row, answer)
            return False
        with part.open("ab") as file:
            file.write(answer[1:])
        have += len(answer) - 1
        AwaitedFile.objects.filter(sha256=row.sha256).update(received=have, state=FileState.COMING)
    if have >= row.size:
        _finish(row, part)
    return True


def _may_leave(peer: Joined, digest: str) -> bool:
    shared = Shared.objects.filter(peer_id=peer.code).values("case_id")
    cases = Case.objects.filter(
        attachments__sha256=digest, division_path__startswith=peer.division_path, id__in=shared
    ).values_list("id", "type_name")
    shaper = Shaper(peer)
    return any(shaper.gives_files(str(case_id), type_name) for case_id, type_name in cases)


def _next(peer: Joined) -> AwaitedFile | None:
    moment = now()
    again = Q(state=FileState.COMING) & (Q(asked_at=None) | Q(asked_at__lt=moment - AGAIN))
    later = Q(state=FileState.STAYS, asked_at__lt=moment - STAYS_AGAIN)
    return AwaitedFile.objects.filter(again | later, peer_id=peer.code).order_by("since", "sha256").first()


def _part(digest: str) -> Path:
    root: Path = settings.ONECITY_UPLOADS
    folder = root / "coming"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / digest


def _put_off(row: AwaitedFile, answer: bytes) -> None:
    row.state = FileState.STAYS if answer == STAYS else FileState.COMING
    row.asked_at = now()
    row.save(update_fields=["state", "asked_at"])


def _finish(row: AwaitedFile, part: Path) -> None:
    """Take the whole file where it is what was told; else begin anew, and give up after some times."""
    try:
        attachments.keep(row.sha256, part.read_bytes())
    except (ValueError, upload.RejectedError) as error:
        row.tries += 1
        row.received, row.asked_at = 0, now()
        row.state = FileState.DAMAGED if row.tries >= MOST_TRIES else FileState.COMING
        row.save(update_fields=["tries", "received", "asked_at", "state"])
        log.warning("the file %s of %s is not what was told: %s", row.sha256, row.peer_id, error)
    else:
        with transaction.atomic():
            row.delete()
            cases = Case.objects.filter(attachments__sha256=row.sha256).defer("search")
            announcing.changed_together(cases, "attach")
    part.unlink(missing_ok=True)


@dataclass
class Transfers:
    """Two threads that give and fetch files until they are ended."""

    _ending: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        for work in (self._give, self._fetch):
            thread = threading.Thread(target=self._keep_on, args=(work,), name="tiers-files", daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Stop both; a piece that is on its way is asked for again next time."""
        self._ending.set()
        for thread in self._threads:
            thread.join(ANSWER_S + 1)

    def _keep_on(self, work: Callable[[], None]) -> None:
        complaint = ""
        while not self._ending.is_set():
            try:
                work()
            except (LinkError, DatabaseError, InterfaceError, OSError) as error:
                if str(error) != complaint:
                    log.warning("files of cases wait: %s", str(error).strip())
                complaint = str(error)
            finally:
                connection.close()
            self._ending.wait(IDLE_S)

    def _give(self) -> None:
        link = peers.connect("onecity-files")
        link.open()
        try:
            parent = peers.parent()
            link.subscribe(
                names.file_subject(names.district_inbox("*") if parent is None else names.town_inbox(parent.code))
            )
            while not self._ending.is_set():
                for message in link.take(IDLE_S):
                    _answer(link, message)
        finally:
            link.close()

    def _fetch(self) -> None:
        for peer in peers.joined():
            if not LinkState.objects.filter(peer_id=peer.code, connected=True).exists() or _next(peer) is None:
                continue
            inbox, other = names.district_inbox(peer.code), names.town_inbox(peer.code)
            if peer.up:
                inbox, other = other, inbox
            link = peers.connect(f"onecity-files-{peer.code}", inbox)
            link.open()
            try:
                while fetch(peer, _asking(link, names.file_subject(other))) and not self._ending.wait(PACE_S):
                    pass
            finally:
                link.close()


def _asking(link: Link, subject: str) -> Callable[[Wish], bytes]:
    return lambda wish: link.request(subject, msgspec.json.encode(wish), ANSWER_S)


def _answer(link: Link, message: Message) -> None:
    """Answer one wish; what cannot be read is nobody's wish."""
    code = message.subject.decode().split(".")[1]
    peer = next((one for one in peers.joined() if one.code == code), None)
    if peer is None or not message.reply:
        return
    try:
        wish = msgspec.json.decode(message.payload, type=Wish)
    except msgspec.DecodeError:
        return
    if wish.start >= 0 and len(wish.sha256) == 64 and wish.sha256.isalnum():
        link.publish(message.reply.decode(), give(peer, wish))
