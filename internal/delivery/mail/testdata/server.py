"""A real mail server (aiosmtpd) on three ports: starttls and tls, which want a password, and off.

It prints its ports, then each mail that it takes, a line of JSON each, and repeats the lines of its
input, so that whoever has read its own line has read all before it. It ends with its input.
What it answers follows from the recipient: see ANSWERS.
"""
import asyncio, base64, json, logging, ssl, sys, threading
from aiosmtpd.smtp import AuthResult, SMTP

logging.disable()  # it tells of every connection that a test breaks
USER, PASSWORD = b"sallyport", b"correct horse"
ANSWERS = {
    "gone": "550 5.1.1 <gone@juniper.example>: Recipient address rejected: 418207",
    "nobody": "550 No such user here",
    "grey": "451 4.7.1 Greylisted, come again in 5 minutes",
    "blocked": "550 5.7.1 Relaying denied",
    "odd": "554 Transaction failed",
}
AFTER_DATA = {"spam": "554 5.7.1 Message looks like spam: 418207", "full": "452 4.3.1 Out of storage"}


def say(**what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("foreign@"):
            return "553 5.7.1 Sender address rejected: not owned by user"
        envelope.mail_from, envelope.mail_options = address, options
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = ANSWERS.get(address.split("@")[0])
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = AFTER_DATA.get(envelope.rcpt_tos[0].split("@")[0])
        if answer:
            return answer
        say(From=envelope.mail_from, To=envelope.rcpt_tos[0], Options=envelope.mail_options, Helo=session.host_name,
            Encrypted=session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            SignedIn=session.authenticated, Body=base64.b64encode(envelope.original_content).decode())
        return "250 OK"


def authenticator(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (USER, PASSWORD), handled=False)


async def main():
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load_cert_chain(sys.argv[1])
    locked = dict(authenticator=authenticator, auth_required=True)
    loop = asyncio.get_running_loop()

    async def listen(context, **options):
        server = await loop.create_server(lambda: SMTP(Handler(), loop=loop, hostname="mail.test", **options), "127.0.0.1", 0, ssl=context)
        return server.sockets[0].getsockname()[1]

    say(starttls=await listen(None, tls_context=certificate, require_starttls=True, enable_SMTPUTF8=True, **locked),
        tls=await listen(certificate, auth_require_tls=False, **locked), off=await listen(None))
    end = asyncio.Event()

    def echo():
        for line in sys.stdin:
            print(line, end="", flush=True)
        loop.call_soon_threadsafe(end.set)

    threading.Thread(target=echo, daemon=True).start()
    await end.wait()


asyncio.run(main())
