"""Which HTTP proxy the environment asks for: http_proxy, https_proxy, all_proxy, no_proxy. Reads no network."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import Mapping, NamedTuple, Optional

from minisyncml.errors import UsageError


class Proxy(NamedTuple):
    """An HTTP proxy; `credentials` is `user:password` or empty."""

    host: str
    port: int
    credentials: str = ""


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Optional[Proxy]:
    """The proxy for one address.

    HTTP_PROXY in capitals is ignored where a web server may have set it from a request header (CGI).

    :param scheme: `http` or `https`
    :param host: host name of the address
    :param port: its port
    :param environ: the environment
    :returns: the proxy, None to go straight
    :raises UsageError: when the variable holds no HTTP proxy
    """
    value = environ.get(f"{scheme}_proxy")
    if value is None and not (scheme == "http" and "REQUEST_METHOD" in environ):
        value = environ.get(f"{scheme.upper()}_PROXY")
    if value is None:
        value = environ.get("all_proxy", environ.get("ALL_PROXY", ""))
    if not value or _excepted(host, port, environ.get("no_proxy", environ.get("NO_PROXY", ""))):
        return None
    return _parse(value)


def _excepted(host: str, port: int, rule: str) -> bool:
    host = host.lower()
    for entry in rule.lower().replace(",", " ").split():
        if entry == "*":
            return True
        name, colon, number = entry.rpartition(":")
        if colon and number.isdigit() and ":" not in name:
            if number != str(port):
                continue
            entry = name
        entry = entry.lstrip("*.").strip("[]")
        if entry and (host == entry or host.endswith("." + entry)):
            return True
    return False


def _parse(value: str) -> Proxy:
    from urllib.parse import unquote, urlsplit
    parts = urlsplit(value if "://" in value else f"http://{value}")
    try:
        port = parts.port or 80
    except ValueError:
        port = 0
    if parts.scheme != "http" or not parts.hostname or not port:
        raise UsageError("the proxy of the environment is no http://HOST:PORT; correct or unset http_proxy/https_proxy")
    credentials = "" if parts.username is None else f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(parts.hostname, port, credentials)
