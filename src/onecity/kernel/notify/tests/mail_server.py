"""A mail server of the tests' own: real sockets, real SMTP, answers that a test can choose."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """What arrived, and what the server is told to answer to a recipient (`RCPT TO`)."""

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    dialogues: int = 0


class _Dialogue(socketserver.StreamRequestHandler):
    """One SMTP session (RFC 5321), as much of it as a sending client needs."""

    def handle(self) -> None:
        mail: MailServer = self.server.mail  # type: ignore[attr-defined]  # put there by the fixture
        mail.dialogues += 1
        self.say("220 test")
        while line := self.rfile.readline():
            verb = line.decode("utf-8").strip().upper()
            if verb.startswith("RCPT"):
                self.say(mail.answers.pop(0) if mail.answers else "250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                mail.received.append(self.read_mail())
                self.say("250 stored")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def read_mail(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(re.sub(rb"^\.", b"", line))
        parsed = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def serving() -> Iterator[MailServer]:
    """A mail server on a port of its own."""
    server = _Server(("127.0.0.1", 0), _Dialogue)
    mail = MailServer(port=server.server_address[1])
    server.mail = mail  # type: ignore[attr-defined]  # read by the dialogue
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield mail
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
