"""Requests that leave the mesh: they go where their URL says, and DNS has the word on whom that is.

A host that DNS does not know may still be a service, written otherwise than this mesh reads it. Then the failure says
what to write, since "Name or service not known" leads to the name server, where nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
from yarl import URL

from discovery.runtime.address import is_name


async def passed_on(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, is_known: Callable[[str], bool]
) -> aiohttp.ClientResponse:
    """Send a request that is not for the mesh; *is_known* says whether this process has heard of such a service.

    Raises:
        ClientConnectorDNSError: aiohttp's; where the host may be meant as a service, with what to write instead.
    """
    url = request.url
    try:
        return await handler(request)
    except aiohttp.ClientConnectorDNSError as error:
        advice = _advice(url, is_known)
        if not advice:
            raise
        key, cause = error.args
        told = OSError(cause.errno, f"{cause.strerror}; {advice}")
        raise aiohttp.ClientConnectorDNSError(key, told) from error


def _advice(url: URL, is_known: Callable[[str], bool]) -> str:
    host = url.raw_host or ""
    if is_name(host):
        return f"for the service of that name write {url.scheme}://{host}{url.raw_path}, without a port"
    if host not in {"", "localhost"} and ("." not in host or is_known(host)):
        return f"for the service of that name write mesh.service({host!r})"
    return ""
