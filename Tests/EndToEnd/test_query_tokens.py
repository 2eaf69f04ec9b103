"""JSON Web Tokens instead of a key: what they fix, a caller cannot change."""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from api import API, SQL
from endpoints import Endpoints
from servers import Penstock

SECRET = "a shared secret of more than thirty-two bytes"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(sign, algorithm: str, **claims) -> str:
    claims = {"sub": "ann", "iss": "us", "aud": "penstock", "exp": int(time.time()) + 60, **claims}
    head = encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()) + "." + encode(
        json.dumps({k: v for k, v in claims.items() if v is not None}).encode())
    return head + "." + encode(sign(head.encode()))


def hs256(text: bytes) -> bytes:
    return hmac.new(SECRET.encode(), text, hashlib.sha256).digest()


@pytest.fixture
def endpoints(own_endpoints):
    yield own_endpoints
    own_endpoints.close()


def bearer(text: str) -> dict:
    return {"Authorization": f"Bearer {text}"}


TRUST = {"algorithm": "HS256", "secret": SECRET, "issuer": "us", "audience": "penstock", "fixedParameters": {"tenant": "org"}}
STATEMENT = "SELECT {tenant: String} AS tenant, {n: UInt8} AS n"


def test_a_token_fixes_a_parameter(endpoints):
    endpoint = endpoints.publish(STATEMENT, tokens=TRUST)
    query = {"format": "JSONEachRow", "param_n": 1}
    good = bearer(token(hs256, "HS256", org="north"))
    assert endpoints.run(endpoint, query, headers=good).rows == [{"tenant": "north", "n": 1}]
    assert endpoints.run(endpoint, {"format": "JSONEachRow"}, body={"queryVariables": {"n": 2}}, headers=good).rows == [{"tenant": "north", "n": 2}]
    overrides = [
        endpoints.run(endpoint, {**query, "param_tenant": "south"}, headers=good),
        endpoints.run(endpoint, {"format": "JSONEachRow"}, body={"queryVariables": {"n": 1, "tenant": "south"}}, headers=good)]
    for answer in overrides:
        assert "tenant" in answer.failure(400, 403)
    strange = "x' OR 1=1 --\\"
    assert endpoints.run(endpoint, query, headers=bearer(token(hs256, "HS256", org=strange))).rows == [{"tenant": strange, "n": 1}]
    assert "secret" not in json.dumps(endpoints.get(endpoint)["tokens"]) and SECRET not in endpoints.api.penstock.output()


def test_tokens_open_every_path_of_an_endpoint_and_no_other_route(endpoints):
    endpoint = endpoints.publish(STATEMENT, tokens=TRUST)
    good = bearer(token(hs256, "HS256", org="north"))
    for path in ("/run/{}", "/.api/query-endpoints/{}/run", "/query-endpoints/{}/run"):
        answer = endpoints.run(endpoint, {"format": "JSONEachRow", "param_n": 1}, headers=good, path=path)
        assert answer.rows == [{"tenant": "north", "n": 1}], path
    endpoints.send("POST", f"/service/{endpoints.service}/run", body={"sql": "SELECT 1"}, headers=good).failure(401)


def test_keys_still_call_and_give_every_parameter(endpoints):
    endpoint = endpoints.publish(STATEMENT, tokens=TRUST)
    assert endpoints.run(endpoint, {"format": "JSONEachRow", "param_n": 1, "param_tenant": "any"}).rows == [{"tenant": "any", "n": 1}]


@pytest.mark.parametrize("change", [
    {"exp": 1}, {"exp": None}, {"nbf": 4_000_000_000}, {"iss": "them"}, {"iss": None}, {"aud": "other"}, {"org": None}],
    ids=["expired", "without an end", "early", "another issuer", "no issuer", "another audience", "without the claim"])
def test_tokens_that_are_not_good(endpoints, change):
    endpoint = endpoints.publish(STATEMENT, tokens=TRUST)
    claims = {"org": "north", **change}
    endpoints.run(endpoint, {"param_n": 1}, headers=bearer(token(hs256, "HS256", **claims))).failure(401)


def test_forged_tokens(endpoints):
    endpoint = endpoints.publish(STATEMENT, tokens=TRUST)
    good = token(hs256, "HS256", org="north")
    head, claims, signature = good.split(".")
    for forged in (
            token(lambda _: b"", "none", org="north"), token(hs256, "none", org="north"), token(hs256, "HS512", org="north"),
            token(lambda t: hmac.new(b"x" * 40, t, hashlib.sha256).digest(), "HS256", org="north"), f"{head}.{claims}.", f"{head}.{claims}",
            f"{head}.{encode(json.dumps({'org': 'south', 'exp': 4e9, 'iss': 'us', 'aud': 'penstock'}).encode())}.{signature}", good + "x", ""):
        endpoints.run(endpoint, {"param_n": 1}, headers=bearer(forged)).failure(401)
    assert endpoints.run(endpoint, {"param_n": 1}, headers=bearer(good)).status == 200
    plain = endpoints.publish(STATEMENT)
    endpoints.run(plain, {"param_n": 1, "param_tenant": "x"}, headers=bearer(good)).failure(401)


def test_public_keys(endpoints):
    pem = lambda key: key.public_key().public_bytes(  # noqa: E731
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())

    def rs256(text):
        return rsa_key.sign(text, padding.PKCS1v15(), hashes.SHA256())

    def es256(text):
        r, s = decode_dss_signature(ec_key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    for algorithm, key, sign in (("RS256", rsa_key, rs256), ("ES256", ec_key, es256)):
        endpoint = endpoints.publish(STATEMENT, tokens={
            "algorithm": algorithm, "publicKey": pem(key), "fixedParameters": {"tenant": "org"}})
        answer = endpoints.run(endpoint, {"format": "JSONEachRow", "param_n": 3}, headers=bearer(token(sign, algorithm, org="north")))
        assert answer.rows == [{"tenant": "north", "n": 3}]
        # The public key is public: it must not work as a shared secret.
        confused = token(lambda t: hmac.new(pem(key).encode(), t, hashlib.sha256).digest(), "HS256", org="north")
        endpoints.run(endpoint, {"param_n": 3}, headers=bearer(confused)).failure(401)


def test_tenants_do_not_share_cached_results(endpoints):
    endpoint = endpoints.publish("SELECT {tenant: String} AS tenant, generateUUIDv4() AS u", tokens=TRUST, cacheSeconds=60)
    call = lambda org: endpoints.run(endpoint, {"format": "JSONEachRow"}, headers=bearer(token(hs256, "HS256", org=org)))  # noqa: E731
    north, south, again = call("north"), call("south"), call("north")
    assert north.rows[0]["tenant"] == "north" and south.rows[0]["tenant"] == "south"
    assert again.body == north.body and again.headers["x-cache"] == "HIT" and south.headers["x-cache"] == "MISS"


class KeySetServer:
    """A JSON Web Key Set over HTTPS; `keys` is what it serves now."""

    def __init__(self, certificates):
        self.keys, self.asked = [], 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                body = json.dumps({"keys": outer.keys}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.path("server.pem"), certificates.path("server.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}/jwks.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, **keys):
        def number(value):
            return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))

        self.keys = [
            {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": number(key.public_key().public_numbers().n), "e": number(65537)}
            for name, key in keys.items()]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def test_key_sets_over_https_with_an_authority_of_ones_own(tmp_path, certificates):
    keys = KeySetServer(certificates)
    old, strange = (rsa.generate_private_key(65537, 2048) for _ in range(2))

    def signed(key):
        return bearer(token(lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA256()), "RS256", org="north"))

    trust = {"algorithm": "RS256", "keySetURL": keys.url, "fixedParameters": {"tenant": "org"}}
    private = {"PENSTOCK_QUERY_ENDPOINTS_ALLOW_PRIVATE_KEY_SETS": "true"}
    query = {"format": "JSONEachRow", "param_n": 1}
    keys.serve(old=old)
    for trusts_authority in (True, False):
        authority = {"PENSTOCK_QUERY_ENDPOINTS_KEY_SET_CA_FILE": str(certificates.path("ca.pem"))} if trusts_authority else {}
        server = Penstock(tmp_path / f"data-{trusts_authority}", env={**private, **authority})
        try:
            endpoints = Endpoints(API(server), SQL(server.credentials["clickhouseURL"]))
            endpoint = endpoints.publish(STATEMENT, tokens=trust)
            before = keys.asked
            if not trusts_authority:
                # The system's authorities do not know this one: no key, no entry, and it is not the caller's fault.
                endpoints.run(endpoint, query, headers=signed(old)).failure(502, 503)
                assert keys.asked == before
                continue
            for _ in range(3):
                assert endpoints.run(endpoint, query, headers=signed(old)).rows == [{"tenant": "north", "n": 1}]
            assert keys.asked == before + 1, "the set is kept"
            endpoints.run(endpoint, query, headers=signed(strange)).failure(401)
        finally:
            server.stop()
    keys.stop()
