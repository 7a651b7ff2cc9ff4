from __future__ import annotations

import pytest

from observability.redaction import Redaction, redact

SECRET = "s3cret-" + "x7Q"


@pytest.mark.parametrize(
    "text",
    [
        f"cannot reach postgres://me:{SECRET}@db:5432/shop",
        f"GET http://ports/ports?token={SECRET} failed",
        f'"GET /ports?laptop=7&key={SECRET} HTTP/1.1" 200',
        f"http://hooks/in?{SECRET}",
        f"Authorization: Basic {SECRET}",
        f"{{'Authorization': 'Bearer {SECRET}', 'Accept': '*/*'}}",
        f"<CIMultiDict('cookie': 'id={SECRET}')>",
        f"((b'Set-Cookie', b'id={SECRET}; HttpOnly'),)",
        f'{{\\"x-consul-token\\": \\"{SECRET}\\"}}',
        f"Idempotency-Key: {SECRET}",
        f"the bearer {SECRET} was refused",
        f"login failed: password={SECRET}, user=me",
        f"login failed for {{'api_key': '{SECRET}'}}",
        f"client_secret: {SECRET}",
    ],
)
def test_what_can_be_recognised_as_a_secret_is_hidden(text: str) -> None:
    assert SECRET not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "no response from ports: 1. ports-1: lost (Server disconnected)",
        "Consul at http://127.0.0.1:8500 cannot be reached (refused): is the agent running?",
        'the token needs service "ports" { policy = "write" }',
        "it does not know the token; check CONSUL_HTTP_TOKEN",
        "cookies, tokens and passwords are secrets",
        "",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_only_the_secret_goes() -> None:
    assert redact(f"GET /ports?laptop=7&key={SECRET} HTTP/1.1") == "GET /ports?laptop=REDACTED&key=REDACTED HTTP/1.1"
    assert redact(f"postgres://me:{SECRET}@db/shop is down") == "postgres://db/shop is down"
    assert redact(f"password={SECRET}, user=me") == "password=REDACTED, user=me"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CONSUL_HTTP_TOKEN", SECRET),
        ("SHOP_PASSWORD", f"  {SECRET} "),
        ("OTEL_EXPORTER_OTLP_HEADERS", f"x-team=shop,authorization=Bearer%20{SECRET}"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://me:{SECRET}@collector:4318"),
        ("HOOK_URL", f"https://hooks/in?key={SECRET}"),
        ("aws_access_key_id", SECRET),
    ],
)
def test_what_the_environment_calls_secret_is_hidden_wherever_it_turns_up(variable: str, value: str) -> None:
    assert Redaction({variable: value})(f"it said {SECRET}!") == "it said REDACTED!"


def test_what_the_environment_does_not_call_secret_is_not_hidden() -> None:
    environ = {"HOME": "/home/me", "CONSUL_HTTP_TOKEN": "root", "CONSUL_HTTP_TOKEN_FILE": "/run/token", "X": "http://["}
    assert Redaction(environ)("root in /home/me read /run/token") == "root in /home/me read /run/token"


def test_a_field_with_the_name_of_a_secret_is_hidden_whole() -> None:
    assert redact.field("api_key", SECRET) == "REDACTED"
    assert redact.field("Set-Cookie", SECRET) == "REDACTED"
    assert redact.field("keys", "timeout_s") == "timeout_s"


@pytest.mark.parametrize("piece", ["a", "token ", "a://", "?a=", "authorization:", "'", "cookie', ", "bearer "])
def test_long_texts_take_little_time(piece: str) -> None:
    """As seen by the timeout of the test: what looks at each letter again for each letter would need minutes."""
    redact(piece * (200_000 // len(piece)))
