from __future__ import annotations

from pathlib import Path

from observability.console.guard import hosts_from_env
from tests.observability.console.support import console

JSON = {"Content-Type": "application/json"}
OURS = ["127.0.0.1", "127.0.0.1:4318", "[::1]:4318", "192.168.1.7", "localhost:1", "LOCALHOST", "a.localhost"]
OURS += ["tower.lan:80", "box"]
NOT_OURS = ["evil.example", "evil.example:4318", "127.0.0.1.evil.example", "localhost.evil.example"]
NOT_OURS += ["a:b:c", "[", "<b>", "127.1"]


async def test_every_answer_tells_browsers_what_they_may_not_do(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        for path in ("/", "/data/services", "/data/nowhere", "/static/index.html", "/api/services", "/health/ready"):
            headers = (await one(path)).headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert not [name for name in headers if name.lower().startswith("access-control")]
        assert (await one("/data/services")).headers["Cache-Control"] == "no-store"


async def test_a_name_of_ours_is_answered(tmp_path: Path) -> None:
    async with console(tmp_path, hosts=frozenset({"tower.lan"}), advertise="box") as one:
        at = f"http://127.0.0.1:{one.client.server.instance.port}"
        for host in OURS:
            async with one.client.session.get(f"{at}/data/services", headers={"Host": host}) as answer:
                assert answer.status == 200, host


async def test_another_name_for_our_address_is_refused(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        for host in NOT_OURS:
            for path in ("/", "/data/services", "/api/services"):
                answer = await one(path, headers={"Host": host})
                assert answer.status == 403, host
                assert "MESH_CONSOLE_HOSTS" in answer.json["detail"]
                assert "<" not in answer.text
            posted = await one.client("POST", "/v1/traces", data="{}", headers={**JSON, "Host": host})
            assert posted.status == 403


async def test_a_client_too_old_to_name_a_host_is_answered(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        assert (await one.client.raw(b"GET /data/services HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.0 200")


async def test_pages_of_others_are_refused(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "https://localhost", ""):
            for path in ("/data/services", "/data/live", "/api/traces?service=x", "/"):
                assert (await one(path, headers={"Origin": origin})).status == 403, origin
            posted = await one.client("POST", "/v1/traces", data="{}", headers={**JSON, "Origin": origin})
            assert posted.status == 403


async def test_our_own_pages_and_programs_are_answered(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        own = {"Origin": f"http://{one.client.address}"}
        assert (await one("/data/services", headers=own)).status == 200
        assert (await one.client("POST", "/v1/traces", data="{}", headers={**JSON, **own})).status == 200
        assert (await one.client("POST", "/v1/traces", data="{}", headers=JSON)).status == 200
        protobuf = {"Content-Type": "application/x-protobuf", "Origin": "http://collector"}
        assert (await one.client("POST", "/v1/traces", data=b"", headers=protobuf)).status == 200


FETCHED = [{"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, {"Sec-Fetch-Mode": "navigate"}]
FETCHED += [{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, {}]
FOLLOWED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


async def test_what_pages_of_others_embed_is_refused_though_it_names_no_origin(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        for site in ("cross-site", "same-site", "anything"):
            for told in FETCHED:
                headers = {"Sec-Fetch-Site": site, **told}
                for path in ("/data/live", "/data/services", "/api/services", "/", "/static/main.js"):
                    assert (await one(path, headers=headers)).status == 403, (path, headers)
                protobuf = {"Content-Type": "application/x-protobuf", **headers}
                assert (await one.client("POST", "/v1/traces", data=b"", headers=protobuf)).status == 403


async def test_a_link_from_elsewhere_leads_to_pages_and_to_nothing_else(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        headers = {"Sec-Fetch-Site": "cross-site", **FOLLOWED}
        for path in ("/", "/traces?q=x", f"/trace/{'a' * 32}", "/map", "/services/ports"):
            assert (await one(path, headers=headers)).status == 200, path
        for path in ("/data/live", "/data/services", "/api/services", "/static/main.js"):
            assert (await one(path, headers=headers)).status == 403, path
        assert (await one.client("POST", "/v1/traces", data="{}", headers={**JSON, **headers})).status == 403


async def test_what_our_page_asks_for_and_what_is_typed_is_answered(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        for site in ("same-origin", "none"):
            for path in ("/", "/data/services", "/api/services"):
                assert (await one(path, headers={"Sec-Fetch-Site": site})).status == 200


async def test_a_content_type_opens_nothing_but_the_receiver(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        protobuf = {"Content-Type": "application/x-protobuf", "Origin": "http://evil.example"}
        assert (await one("/data/services", headers=protobuf)).status == 403


def test_names_come_from_the_environment() -> None:
    assert hosts_from_env({"MESH_CONSOLE_HOSTS": " Tower.lan, box ,"}) == {"tower.lan", "box"}
    assert hosts_from_env({}) == frozenset()
