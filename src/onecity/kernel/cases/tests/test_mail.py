"""A mailbox as a door: letters of people become one case each, letters of programs none, and none is lost or answered twice."""

import socketserver
import threading
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.cases import service
from onecity.kernel.cases.intake.mail import filing, imap, maildir
from onecity.kernel.cases.intake.mail.logic import letter as letters
from onecity.kernel.cases.models import Attachment, Case, CaseEvent, Reporter
from onecity.kernel.cases.tests.conftest import DISTRICT, LONG_AGO, TOWN_B, Town
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.tests.test_pictures import photo
from onecity.kernel.notify import words
from onecity.kernel.notify.models import Delivery
from onecity.kernel.people.models import Account
from onecity.kernel.places.models import Division


@pytest.fixture
def box(town: Town, tmp_path: Path) -> Path:
    service.publish(CaseTypeDecl("hotline_help", "Help", residents=True), effective_from=LONG_AGO)
    Division.objects.filter(path=TOWN_B).update(name="乙镇")
    return tmp_path / "mail"


def letter(text: str = "乙镇人民路路灯不亮\n已经三天", /, subject: str = "路灯坏了", **headers: str) -> EmailMessage:
    message = EmailMessage()
    values = {"From": "王小明 <wang@example.org>", "To": "city@example.org", "Message_ID": "<1@example.org>"} | headers
    for name, value in values.items():
        message[name.replace("_", "-")] = value
    message["Subject"] = subject
    message.set_content(text)
    return message


def answers() -> list[Delivery]:
    return list(Delivery.objects.filter(address="wang@example.org"))


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []


def test_a_letter_becomes_one_case_and_its_sender_is_told(box: Path) -> None:
    message = letter()
    message.add_attachment(photo(), maintype="image", subtype="jpeg", filename="灯.jpg")
    message.add_attachment(b"MZ" * 3000, maintype="application", subtype="octet-stream", filename="virus.exe")
    for delivery in ("1.host", "2.host"):
        maildir.deliver(message.as_bytes(), delivery, box)
    assert maildir.empty(box) == {"opened": 1, "known": 1}
    case = Case.objects.get()
    assert (case.title, case.type_name, case.source, case.division_path) == ("路灯坏了", "hotline_help", "mail", TOWN_B)
    assert case.description == "路灯坏了\n\n乙镇人民路路灯不亮\n已经三天"
    reporter = Reporter.objects.get()
    assert (reporter.name, reporter.email) == ("王小明", "wang@example.org")
    assert [one.media_type for one in Attachment.objects.all()] == ["image/jpeg"]
    [told] = answers()
    text = words.render(told.template, told.context, "zh-hans")
    assert case.number in text.subject
    assert "virus.exe" in text.body
    assert names(box / "new") == []
    assert names(box / "cur") == ["1.host:2,S", "2.host:2,S"]
    assert maildir.empty(box) == {}


def test_a_worker_that_died_before_moving_it_files_it_once(box: Path) -> None:
    raw = letter().as_bytes()
    assert filing.take(raw) == "opened"
    maildir.deliver(raw, "1.host", box)
    assert maildir.empty(box) == {"known": 1}
    assert (Case.objects.count(), len(answers())) == (1, 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@example.org"},
        {"From": "no-reply@example.org"},
        {"From": "onecity@localhost"},
        {"From": ""},
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.org>"},
    ],
)
def test_what_programs_write_opens_nothing_and_is_not_answered(
    headers: dict[str, str], db: None, tmp_path: Path
) -> None:
    message = letter()
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        if value:
            message[name.replace("_", "-")] = value
    box = tmp_path / "mail"
    maildir.deliver(message.as_bytes(), "1.host", box)
    assert maildir.empty(box) == {"refused": 1}
    assert (Case.objects.count(), Delivery.objects.count()) == (0, 0)
    assert names(box / ".refused" / "cur") == ["1.host:2,S"]


def test_a_report_of_delivery_is_no_report() -> None:
    raw = b"From: a@example.org\nContent-Type: multipart/report; boundary=x\n\n--x\n\nfailed\n--x--\n"
    assert letters.read(raw).automatic == "bounce"


def test_an_answer_adds_a_word_to_ones_own_case_only(box: Path) -> None:
    filing.take(letter().as_bytes())
    case = Case.objects.get()
    answer = {"subject": f"Re: 已受理：{case.number}", "Message_ID": "<2@example.org>"}
    text = "还是不亮\n\n在 2026年11月23日，城运中心写道：\n> 旧的内容"
    assert filing.take(letter(text, **answer).as_bytes()) == "added"
    assert filing.take(letter(text, **answer).as_bytes()) == "known"
    assert [e.note for e in CaseEvent.objects.filter(action="word")] == ["还是不亮"]
    assert len(answers()) == 2
    other = letter("我也是", **(answer | {"Message_ID": "<3@example.org>", "From": "li@example.org"}))
    assert filing.take(other.as_bytes()) == "opened"
    assert CaseEvent.objects.filter(action="word").count() == 1
    assert Case.objects.count() == 2


def test_whoever_writes_without_end_is_not_answered_without_end(box: Path) -> None:
    fates = [filing.take(letter(Message_ID=f"<{n}@example.org>").as_bytes()) for n in range(22)]
    assert fates == ["opened"] * 20 + ["refused"] * 2
    assert Case.objects.exclude(division_path=TOWN_B).count() == 0


def test_html_and_foreign_characters(box: Path) -> None:
    message = letter(subject="Light")
    page = "<style>p{}</style><p>灯 &amp; 杆</p><p>坏了</p><blockquote>old</blockquote>"
    message.set_content(page, subtype="html", charset="gb18030")
    assert filing.take(message.as_bytes()) == "opened"
    assert Case.objects.get().description == "Light\n\n灯 & 杆\n坏了"
    assert Case.objects.get().division_path == DISTRICT


def test_one_that_cannot_be_filed_is_kept_and_keeps_nobody_waiting(town: Town, tmp_path: Path) -> None:
    # no kind that residents may report is published: the letter cannot become a case
    maildir.deliver(letter().as_bytes(), "1.host", tmp_path)
    assert maildir.empty(tmp_path) == {"broken": 1}
    assert names(tmp_path / ".broken" / "cur") == ["1.host:2,S"]
    assert (Case.objects.count(), Account.objects.filter(email="wang@example.org").count()) == (0, 0)


ODD = "a1<@>;=\"'\0\r\n\t\ud800 é街?.:/-_%"


@given(st.binary(max_size=400))
def test_any_bytes_are_read(raw: bytes) -> None:
    found = letters.read(raw)
    assert len(found.text) <= letters.LONGEST_TEXT


@given(
    st.text(ODD, max_size=60),
    st.text(ODD, max_size=60),
    st.sampled_from(["From", "Subject", "Content-Type", "Message-ID"]),
)
def test_any_headers_are_read(value: str, body: str, name: str) -> None:
    raw = f"{name}: {value}\nContent-Disposition: attachment; filename={value}\n\n{body}".encode("utf-8", "replace")
    assert len(letters.read(raw).subject) <= letters.LONGEST_SUBJECT


class _Imap(socketserver.StreamRequestHandler):
    """One IMAP session, as much of it as a fetching client needs; the server keeps letters and which were seen."""

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, _space, command = line.decode().strip().partition(" ")
            right = not command.startswith("LOGIN") or command == 'LOGIN city@x "secret word"'
            self.wfile.write(
                self.answer(command.removeprefix("UID ")) + f"{tag} {'OK' if right else 'NO'} done\r\n".encode()
            )
            if command == "LOGOUT":
                return

    def answer(self, command: str) -> bytes:
        box: list[bytes] = self.server.letters  # type: ignore[attr-defined]  # put there by the test
        seen: set[int] = self.server.seen  # type: ignore[attr-defined]  # same
        verb, *rest = command.split()
        if verb == "STORE":
            seen.add(int(rest[0]))
        if verb == "SEARCH":
            return f"* SEARCH {' '.join(str(n + 1) for n in range(len(box)) if n + 1 not in seen)}\r\n".encode()
        if verb == "FETCH":
            raw = box[int(rest[0]) - 1]
            return f"* {rest[0]} FETCH (UID {rest[0]} BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
        return {"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", "SELECT": b"* OK [UIDVALIDITY 7] now\r\n"}.get(verb, b"")


def test_letters_are_fetched_from_a_mailbox_elsewhere_once(box: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Imap) as server:
        server.letters = [letter().as_bytes(), letter(Message_ID="<2@example.org>").as_bytes()]  # type: ignore[attr-defined]  # read by the handler
        server.seen = set()  # type: ignore[attr-defined]  # same
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"127.0.0.1:{server.server_address[1]}"
        assert imap.fetch(f"imap://city%40x:wrong@{host}/", box) == 0
        assert imap.fetch(f"imap://city%40x:secret%20word@{host}/", box) == 2
        assert imap.fetch(f"imap://city%40x:secret%20word@{host}/", box) == 0
        server.shutdown()
    assert imap.fetch(f"imap://city%40x:secret%20word@{host}/", box) == 0
    assert names(box / "new") == ["imap-7-1", "imap-7-2"]
    assert maildir.empty(box) == {"opened": 2}


@pytest.mark.parametrize(
    ("text", "subject", "headers", "language"),
    [
        ("乙镇人民路路灯不亮", "路灯坏了", {"Accept_Language": "en-US"}, "zh-hans"),
        ("The street lamp in Renmin Road is broken", "Lamp", {}, "en"),
        ("The lamp at 人民路 12 has been dark since Monday night", "Lamp", {}, "en"),
        ("", "IMG", {"Accept_Language": "en-GB, en;q=0.8"}, "en"),
        ("", "123", {"Content_Language": "zh-CN"}, "zh-hans"),
        ("", "123", {"Accept_Language": "fr, en"}, "en"),
        ("", "123", {}, "zh-hans"),
    ],
)
def test_the_language_of_a_letter_is_the_one_it_is_written_in(
    text: str, subject: str, headers: dict[str, str], language: str
) -> None:
    assert letters.read(letter(text, subject=subject, **headers).as_bytes()).language == language


def test_who_writes_english_is_answered_in_english(box: Path) -> None:
    maildir.deliver(letter("The street lamp in front of our house is broken", subject="Lamp").as_bytes(), "1", box)
    assert maildir.empty(box) == {"opened": 1}
    [told] = answers()
    text = words.render(told.template, told.context, told.language)
    assert (told.language, text.subject) == ("en", f"Received: {Case.objects.get().number}")
    assert "Answer this letter" in text.body
