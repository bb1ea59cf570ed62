from __future__ import annotations

import pytest

from minisyncml.errors import UsageError
from minisyncml.transport.proxy import Proxy, proxy_for


@pytest.mark.parametrize("scheme, host, environ, expected", [
    ("http", "example.org", {}, None),
    ("http", "example.org", {"http_proxy": "http://proxy:3128"}, Proxy("proxy", 3128)),
    ("http", "example.org", {"HTTP_PROXY": "proxy:3128/"}, Proxy("proxy", 3128)),
    ("http", "example.org", {"HTTP_PROXY": "http://evil", "REQUEST_METHOD": "POST"}, None),
    ("https", "example.org", {"http_proxy": "http://proxy:3128"}, None),
    ("https", "example.org", {"https_proxy": "http://a%40b:c@proxy:3128"}, Proxy("proxy", 3128, "a@b:c")),
    ("https", "example.org", {"all_proxy": "http://proxy"}, Proxy("proxy", 80)),
    ("http", "example.org", {"http_proxy": "", "all_proxy": "http://proxy"}, None),
    ("http", "example.org", {"http_proxy": "http://proxy", "no_proxy": "other.org, example.org"}, None),
    ("http", "www.Example.org", {"http_proxy": "http://proxy", "no_proxy": ".example.org"}, None),
    ("http", "notexample.org", {"http_proxy": "http://proxy", "no_proxy": "example.org"}, Proxy("proxy", 80)),
    ("http", "example.org", {"http_proxy": "http://proxy", "NO_PROXY": "*"}, None),
    ("http", "example.org", {"http_proxy": "http://proxy", "no_proxy": "example.org:8080"}, None),
    ("http", "example.org", {"http_proxy": "http://proxy", "no_proxy": "example.org:81"}, Proxy("proxy", 80)),
    ("http", "::1", {"http_proxy": "http://proxy", "no_proxy": "localhost,::1"}, None),
])
def test_proxy_for(scheme: str, host: str, environ: "dict[str, str]", expected: "Proxy | None") -> None:
    assert proxy_for(scheme, host, 8080, environ) == expected


@pytest.mark.parametrize("value", ["socks5://proxy:1080", "http://proxy:notaport", "http://:80"])
def test_what_is_no_http_proxy(value: str) -> None:
    with pytest.raises(UsageError, match="proxy"):
        proxy_for("http", "example.org", 80, {"http_proxy": value})
