"""A front before a plain-text Kafka broker that advertises this port: TLS, client certificates and SASL end here.

    kafka_front.py LISTEN UPSTREAM [--tls CERT KEY] [--client-ca CA] [--sasl USER:PASSWORD] [--tokens FILE] [--fail FILE] [--shown FILE]

Speaks the real protocol (Kafka protocol guide: ApiVersions 18, SaslHandshake 17, SaslAuthenticate 36; RFC 5802 SCRAM, RFC 4616 PLAIN,
RFC 7628 OAUTHBEARER). ApiVersions is answered here without tagged fields: librdkafka 2.0.2 stumbles over those of Tansu 0.6. With `--tokens`
every OAUTHBEARER token is accepted and written to FILE, one a line. While FILE of `--fail` exists, connections are closed at once.
FILE of `--shown` limits what clients see: a line `TOPIC COUNT` shows the topic's first partitions only, with 0 it does not exist. The broker
behind need not know of this front then: in its answers it gets this port. For clients that ask as librdkafka 2.0 does (Metadata 1 to 4).
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import os
import pathlib
import ssl
import struct

METADATA, COORDINATOR, HANDSHAKE, AUTHENTICATE, VERSIONS = 3, 10, 17, 36, 18


async def read_frame(reader):
    size = struct.unpack(">i", await reader.readexactly(4))[0]
    return await reader.readexactly(size)


def write_frame(writer, body):
    writer.write(struct.pack(">i", len(body)) + body)


def head(request):
    """API key, version, correlation id and body of a request with a header that has no tags."""
    key, version, correlation, length = struct.unpack(">hhih", request[:10])
    return key, version, correlation, request[10 + max(length, 0):]


def limit(answer, version, limits, port):
    """An answer to Metadata 1 to 4 (protocol guide, "Metadata") with some partitions left out and every broker at this port."""
    answer = bytearray(answer)

    def number(at):
        return struct.unpack(">i", answer[at:at + 4])[0]

    def behind_text(at):
        return at + 2 + max(struct.unpack(">h", answer[at:at + 2])[0], 0)

    at = 8 if version >= 3 else 4
    brokers, at = number(at), at + 4
    for _ in range(brokers):
        at = behind_text(at + 4)
        answer[at:at + 4] = struct.pack(">i", port)
        at = behind_text(at + 4)
    at = (behind_text(at) if version >= 2 else at) + 4
    topics, at = number(at), at + 4
    kept = bytearray(answer[:at])
    for _ in range(topics):
        name = answer[at + 4:behind_text(at + 2)]
        head, at = answer[at:behind_text(at + 2) + 1], behind_text(at + 2) + 1
        count, at = number(at), at + 4
        shown = limits.get(name.decode(), count)
        partitions = []
        for _ in range(count):
            start, at = at, at + 10
            for _ in ("replicas", "in sync"):
                at += 4 + 4 * number(at)
            if number(start + 2) < shown:
                partitions.append(answer[start:at])
        if shown == 0 and count:
            head = struct.pack(">h", 3) + head[2:]
        kept += head + struct.pack(">i", len(partitions)) + b"".join(partitions)
    return bytes(kept + answer[at:])


class Scram:
    """The server's side of SCRAM for one connection."""

    def __init__(self, mechanism, passwords):
        self.hash = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}[mechanism]
        self.passwords = passwords
        self.server_first = None

    def step(self, message):
        """The answer to a message of the client, and whether it is the last."""
        if self.server_first is None:
            self.client_first = message.split(b",", 2)[2]
            fields = dict(part.split(b"=", 1) for part in self.client_first.split(b","))
            password = self.passwords.get(fields[b"n"].decode())
            if password is None:
                raise PermissionError("invalid credentials")
            salt = os.urandom(16)
            self.nonce = fields[b"r"] + base64.b64encode(os.urandom(12))
            self.salted = hashlib.pbkdf2_hmac(self.hash, password.encode(), salt, 4096)
            self.server_first = b"r=" + self.nonce + b",s=" + base64.b64encode(salt) + b",i=4096"
            return self.server_first, False
        without_proof, proof = message.rsplit(b",p=", 1)

        def sign(key, text):
            return hmac.new(key, text, self.hash).digest()

        signed = self.client_first + b"," + self.server_first + b"," + without_proof
        client_key = sign(self.salted, b"Client Key")
        signature = sign(hashlib.new(self.hash, client_key).digest(), signed)
        expected = bytes(one ^ other for one, other in zip(client_key, signature))
        nonce = dict(part.split(b"=", 1) for part in without_proof.split(b","))[b"r"]
        # librdkafka 2.0.2 sends its own part of the nonce twice.
        if not hmac.compare_digest(expected, base64.b64decode(proof)) or not nonce.endswith(self.nonce):
            raise PermissionError("invalid credentials")
        return b"v=" + base64.b64encode(sign(sign(self.salted, b"Server Key"), signed)), True


class Front:
    def __init__(self, options):
        self.port, self.upstream = options.listen, options.upstream
        self.passwords = dict([options.sasl.split(":", 1)]) if options.sasl else {}
        self.tokens = pathlib.Path(options.tokens) if options.tokens else None
        self.fail = pathlib.Path(options.fail) if options.fail else None
        self.shown = pathlib.Path(options.shown) if options.shown else None
        self.asks = bool(options.sasl or options.tokens)

    async def versions(self):
        """What the broker offers, with SASL's two requests where this front serves them."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        write_frame(writer, struct.pack(">hhih", VERSIONS, 0, 1, 0))
        answer = await read_frame(reader)
        writer.close()
        count = struct.unpack(">i", answer[6:10])[0]
        offered = [answer[10 + 6 * i:16 + 6 * i] for i in range(count)]
        offered = [one for one in offered if struct.unpack(">h", one[:2])[0] not in (HANDSHAKE, AUTHENTICATE)]
        return offered + ([struct.pack(">hhh", HANDSHAKE, 0, 1), struct.pack(">hhh", AUTHENTICATE, 0, 1)] if self.asks else [])

    def limits(self):
        """The number of partitions to show of some topics."""
        lines = self.shown.read_text().splitlines() if self.shown.exists() else []
        return {topic: int(count) for topic, count in (line.split() for line in lines)}

    def mechanisms(self):
        return (["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] if self.passwords else []) + (["OAUTHBEARER"] if self.tokens else [])

    async def serve(self, client_reader, client_writer):
        if self.fail and self.fail.exists():
            return client_writer.close()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
            offered = await self.versions()
        except OSError:
            return client_writer.close()
        connection = Connection(self, offered)

        async def upwards():
            try:
                while request := await read_frame(client_reader):
                    answer, goes_on = connection.answer(request)
                    if answer is not None:
                        write_frame(client_writer, answer)
                        await client_writer.drain()
                    elif goes_on:
                        connection.note(request)
                        write_frame(writer, request)
                        await writer.drain()
                    if not goes_on:
                        break
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()
                client_writer.close()

        async def downwards():
            try:
                if self.shown:
                    while answer := await read_frame(reader):
                        write_frame(client_writer, connection.limited(answer))
                        await client_writer.drain()
                while data := await reader.read(1 << 16):
                    client_writer.write(data)
                    await client_writer.drain()
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                client_writer.close()

        await asyncio.gather(upwards(), downwards())


class Connection:
    """What one client has proven so far."""

    def __init__(self, front, offered):
        self.front, self.offered = front, offered
        self.is_known = not front.asks
        self.mechanism = self.scram = None
        self.asked = {}

    def answer(self, request):
        """This front's own answer, nil for a request of the broker's; and whether the connection goes on."""
        key, version, correlation, body = head(request)
        if key == VERSIONS:
            return self.versions(version, correlation), True
        if self.front.asks and key == HANDSHAKE:
            return self.handshake(correlation, body), True
        if self.front.asks and key == AUTHENTICATE:
            return self.authenticate(version, correlation, body)
        return None, self.is_known

    def note(self, request):
        """Remembers a question whose answer will be changed."""
        key, version, correlation = struct.unpack(">hhi", request[:8])
        if self.front.shown and (key == METADATA and 1 <= version <= 4 or key == COORDINATOR and version <= 2):
            self.asked[correlation] = key, version

    def limited(self, answer):
        key, version = self.asked.pop(struct.unpack(">i", answer[:4])[0], (None, None))
        if key == METADATA:
            return limit(answer, version, self.front.limits(), self.front.port)
        # The last member of an answer is the coordinator's port.
        return answer[:-4] + struct.pack(">i", self.front.port) if key == COORDINATOR else answer

    def versions(self, version, correlation):
        start, offered = struct.pack(">i", correlation), self.offered
        if version > 3:
            return start + struct.pack(">hi", 35, len(offered)) + b"".join(offered)
        if version == 3:
            return start + b"\0\0" + bytes([len(offered) + 1]) + b"".join(one + b"\0" for one in offered) + b"\0" * 5
        return start + struct.pack(">hi", 0, len(offered)) + b"".join(offered) + (b"\0" * 4 if version else b"")

    def handshake(self, correlation, body):
        self.mechanism, known = body[2:].decode(), self.front.mechanisms()
        error = 0 if self.mechanism in known else 33
        if not error and self.mechanism.startswith("SCRAM"):
            self.scram = Scram(self.mechanism, self.front.passwords)
        names = b"".join(struct.pack(">h", len(name)) + name.encode() for name in known)
        return struct.pack(">ihi", correlation, error, len(known)) + names

    def authenticate(self, version, correlation, body):
        message, out, problem = body[4:], b"", None
        try:
            if self.mechanism == "PLAIN":
                _, user, password = message.split(b"\0")
                if self.front.passwords.get(user.decode()) != password.decode():
                    raise PermissionError("invalid credentials")
                self.is_known = True
            elif self.mechanism == "OAUTHBEARER":
                token = next(part for part in message.split(b"\1") if part.startswith(b"auth=Bearer ")).removeprefix(b"auth=Bearer ")
                with open(self.front.tokens, "ab") as file:
                    file.write(token + b"\n")
                self.is_known = True
            else:
                out, self.is_known = self.scram.step(message)
        except (PermissionError, ValueError, KeyError, StopIteration) as error:
            problem = f"Authentication failed: {error}".encode()
        told = struct.pack(">h", len(problem)) + problem if problem else b"\xff\xff"
        answer = struct.pack(">ih", correlation, 58 if problem else 0) + told + struct.pack(">i", len(out)) + out
        return answer + (struct.pack(">q", 0) if version else b""), problem is None


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("listen", type=int)
    parser.add_argument("upstream", type=int)
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--client-ca")
    parser.add_argument("--sasl")
    parser.add_argument("--tokens")
    parser.add_argument("--fail")
    parser.add_argument("--shown")
    options = parser.parse_args()
    tls = None
    if options.tls:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*options.tls)
        if options.client_ca:
            tls.load_verify_locations(options.client_ca)
            tls.verify_mode = ssl.CERT_REQUIRED
    async with await asyncio.start_server(Front(options).serve, "127.0.0.1", options.listen, ssl=tls) as server:
        await server.serve_forever()


asyncio.run(main())
