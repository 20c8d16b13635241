"""A notice by mail, over TLS wherever the server can."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage

from hotspots.service.state import NoticeSettings

SMTP_VARIABLE = "HOTSPOTS_SMTP_PASSWORD"
_TLS_PORT = 465
_PATIENCE_S = 20


def send_mail(notices: NoticeSettings, subject: str, text: str, *, to: Sequence[str]) -> frozenset[str]:
    """Send a mail.

    Args:
        notices: With the server and the sender.
        subject: In a line.
        text: Plain.
        to: Addresses.

    Returns:
        Addresses that the server refuses, while it takes others.

    Raises:
        OSError: The server does not answer or takes none; smtplib's errors are of this kind.
        ValueError: A name or password has letters that cannot be sent.
    """
    assert notices.smtp_host is not None
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"] = notices.mail_from
    message["To"] = ", ".join(to)
    message.set_content(text)
    context = ssl.create_default_context()
    is_tls = notices.smtp_port == _TLS_PORT
    with (
        smtplib.SMTP_SSL(notices.smtp_host, notices.smtp_port, timeout=_PATIENCE_S, context=context)
        if is_tls
        else smtplib.SMTP(notices.smtp_host, notices.smtp_port, timeout=_PATIENCE_S)
    ) as server:
        server.ehlo()
        if not is_tls and server.has_extn("starttls"):
            server.starttls(context=context)
        if notices.smtp_user is not None:
            if not isinstance(server.sock, ssl.SSLSocket):
                raise smtplib.SMTPException("the server offers no TLS, and a password is not sent in the clear")
            server.login(notices.smtp_user, os.environ.get(SMTP_VARIABLE, ""))
        return frozenset(server.send_message(message) or ())
