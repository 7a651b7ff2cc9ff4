"""``/v1/kv``: the key-value store."""

from __future__ import annotations

from aiohttp import web

from discovery.devagent import body, render
from discovery.devagent.api import AGENT, blocked, endpoint, shown
from discovery.devagent.keyvalues import KeyValues
from discovery.devagent.query import Query, unsigned
from discovery.devagent.refusal import Refused

_TOO_LARGE_HINT = "See https://www.consul.io/docs/agent/config/config-files#kv_max_value_size."


async def get(request: web.Request) -> web.Response:
    query, pairs, key = Query.of(request.query), request.app[AGENT].pairs, request.match_info["rest"]
    if "keys" in request.query:
        headers = await blocked(request, query, lambda: pairs.prefix_index(key))
        keys = _keys(pairs, key, request.query.get("separator", ""))
        return shown(request, keys, headers) if keys or not key else web.Response(status=404, headers=headers)
    if "recurse" in request.query:
        headers = await blocked(request, query, lambda: pairs.prefix_index(key))
        found = pairs.below(key)
    else:
        if not key:
            raise Refused(400, "Missing key name")
        headers = await blocked(request, query, lambda: pairs.key_index(key), lambda: pairs.get(key) is not None)
        found = [pair] if (pair := pairs.get(key)) else []
    if not found:
        return web.Response(status=404, headers=headers)
    if "raw" in request.query:
        headers |= {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=found[0].value, content_type="text/plain", headers=headers)
    return shown(request, [render.pair(one) for one in found], headers)


async def put(request: web.Request) -> web.Response:
    key = _key(request)
    flags, cas = _number(request, "flags"), _number(request, "cas")
    if unsupported := {"acquire", "release"} & set(request.query):
        raise Refused(400, f"the devagent does not support {min(unsupported)}: use a real Consul for it")
    try:
        value = await body.read(request)
    except Refused as refused:
        raise Refused(refused.status, f"{refused.text} {_TOO_LARGE_HINT}") from None
    agent = request.app[AGENT]
    done = agent.pairs.put(key, value, flags=flags or 0, cas=cas)
    agent.announce()
    return shown(request, done)


async def delete(request: web.Request) -> web.Response:
    agent, prefix, cas = request.app[AGENT], request.match_info["rest"], _number(request, "cas")
    if "recurse" in request.query:
        agent.pairs.delete_below(prefix)
        done = True
    else:
        done = agent.pairs.delete(_key(request), cas=cas)
    agent.announce()
    return shown(request, done)


def _key(request: web.Request) -> str:
    key = request.match_info["rest"]
    if not key:
        raise Refused(400, "Missing key name")
    return key


def _keys(pairs: KeyValues, prefix: str, separator: str) -> list[str]:
    """The keys below a prefix, each cut after the first separator that follows it."""
    keys: dict[str, None] = {}
    for pair in pairs.below(prefix):
        rest = pair.key[len(prefix) :]
        head, found, _ = rest.partition(separator) if separator else (rest, "", "")
        keys[prefix + head + found] = None
    return list(keys)


def _number(request: web.Request, option: str) -> int | None:
    if option not in request.query:
        return None
    raw = request.query[option]
    number = unsigned(raw)
    if number is None:
        raise Refused(500, f'strconv.ParseUint: parsing "{raw}": invalid syntax')
    return number


ROUTES = [endpoint("/v1/kv/{rest:.*}", GET=get, PUT=put, DELETE=delete)]
