"""Which addresses a webhook may ever reach."""

from ipaddress import ip_address, ip_network

import pytest

from frontdoor_notifier.core.endpoints import BadUrlError, address_allowed, check_url

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "172.15.255.255",
    "172.32.0.1",
    "192.167.255.255",
    "2606:4700::1111",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:0808:0808::1",
]
REFUSED = [
    "0.0.0.0",  # noqa: S104 - to be refused
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2001:0:0:0:0:0:f5ff:fffe",  # Teredo for 10.0.0.1
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert address_allowed(ip_address(address), ())


@pytest.mark.parametrize("address", REFUSED)
def test_all_others_are_refused(address: str) -> None:
    assert not address_allowed(ip_address(address), ())


@pytest.mark.parametrize(("address", "allowed"), [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("10.2.0.1", False), ("127.0.0.1", False)])
def test_a_network_that_the_deployment_names_may_be_reached_and_no_other(address: str, allowed: bool) -> None:
    assert address_allowed(ip_address(address), (ip_network("10.1.0.0/16"),)) is allowed


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://partner.example/hooks?x=1", None),
        ("https://partner.example:8443/", None),
        ("https://[2606:4700::1111]/", None),
        ("https://8.8.8.8/", None),
        ("http://partner.example/", "scheme_not_allowed"),
        ("file:///etc/passwd", "not_a_url"),
        ("gopher://partner.example/", "scheme_not_allowed"),
        ("https://10.0.0.1/", "address_refused"),
        ("https://[::1]/", "address_refused"),
        ("https://user@partner.example/", "credentials_or_fragment"),
        ("https://partner.example/#part", "credentials_or_fragment"),
        ("https://partner.example/a b", "not_a_url"),
        ("https://partner.example/\r\nX: y", "not_a_url"),
        ("https://pärtner.example/", "not_a_url"),
        ("https://partner.example:port/", "not_a_url"),
        ("https://[::1/", "not_a_url"),
        ("https:///path", "not_a_url"),
        ("https://partner.example/" + "x" * 3000, "not_a_url"),
    ],
)
def test_urls_are_judged_when_they_are_registered(url: str, code: str | None) -> None:
    if code is None:
        assert check_url(url, plain_http=False, allowed=()) == url
    else:
        with pytest.raises(BadUrlError, match=code):
            check_url(url, plain_http=False, allowed=())


def test_plain_http_is_the_deployments_choice() -> None:
    assert check_url("http://partner.example/", plain_http=True, allowed=())
