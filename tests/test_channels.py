"""Which URIs are sent to: only the services' own hosts, or those that the caller allowed by name."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import Channel, ChannelError, Client, ConfigurationError, Service, compiled, mpns
from winpush._make import make_channel
from winpush.channels import AllowedHosts, check_phone_path, check_target, check_token

TOKEN = "AAFRQmVzdFRva2VuRXZlcg"


@pytest.mark.parametrize(
    ("uri", "service"),
    [
        (f"http://db3.notify.live.net/throttledthirdparty/01.00/{TOKEN}", Service.MPNS),
        (f"https://sn1.notify.live.net/unthrottledthirdparty/01.00/{TOKEN}", Service.MPNS),
        (f"http://s.notify.live.net/u/1/db3/{TOKEN}/x", Service.MPNS),
        (f"HTTP://DB3.Notify.Live.NET:80/throttledthirdparty/01.00/{TOKEN}", Service.MPNS),
        (f"https://db5.notify.windows.com/?token={TOKEN}", Service.WNS),
        (f"https://wns2-by3p.notify.windows.com:443/?token={TOKEN}", Service.WNS),
    ],
)
def test_the_host_says_which_service_it_is(uri: str, service: Service) -> None:
    assert Channel.parse(uri).service is service


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("http://notify.live.net.evil.example/x", "neither MPNS"),
        ("http://evil.example/?x=.notify.live.net", "neither MPNS"),
        ("http://evilnotify.live.net/x", "neither MPNS"),
        ("https://evil/?notify.windows.com", "neither MPNS"),
        ("http://127.0.0.1/x", "neither MPNS"),
        ("http://[::1]/x", "neither MPNS"),
        ("http://localhost/x", "neither MPNS"),
        ("http://169.254.169.254/latest/meta-data/", "neither MPNS"),
        ("http://db3.notify.live.net:8080/x", "port 8080"),
        ("http://db5.notify.windows.com/?token=x", "WNS channels always use https"),
        ("http://user:password@db3.notify.live.net/x", "user name"),
        ("http://db3.notify.live.net@evil.example/x", "user name"),
        ("http://db3.notify.live.net\\@evil.example/x", "user name"),
        ("ftp://db3.notify.live.net/x", "http:// or https://"),
        ("db3.notify.live.net/x", "http:// or https://"),
        ("", "http:// or https://"),
        ("http://", "host name"),
        ("http:///x", "host name"),
        ("http://-x.notify.live.net/x", "host name"),
        ("http://a..notify.live.net/x", "host name"),
        ("http://db3.notify.live.net./x", "host name"),
        ("http://db3.notify.live.net:0/x", "port 0"),
        ("http://db3.notify.live.net:99999/x", "port 99999"),
        ("http://db3.notify.live.net:x/x", "host name"),
        ("http://db3.notify.live.net/a b", "space"),
        ("http://db3.notify.live.net/a\r\nX: y", "control character"),
        ("http://db3.notify.live.net/é", "non-ASCII"),
        ("http://db3.notify.live.net/x#y", "fragment"),
        ("http://db3.notify.live.net/" + "x" * 5000, "characters"),
        ("http://db3.notify.live.net?x=1", "host name"),
        (None, "must be a string"),
        (b"http://db3.notify.live.net/x", "must be a string"),
    ],
)
def test_anything_else_is_refused_without_repeating_the_uri(uri: str, said: str) -> None:
    with pytest.raises(ChannelError) as caught:
        Channel.parse(uri)
    assert said in str(caught.value)
    with Client() as client, pytest.raises(ChannelError):
        client.send(uri, mpns.Toast("a"))


@given(st.text(max_size=60))
def test_any_text_is_a_channel_or_a_channel_error(text: str) -> None:
    try:
        channel = Channel.parse(text)
    except ChannelError:
        return
    assert channel.origin.host.endswith((".notify.live.net", ".notify.windows.com"))


@pytest.mark.parametrize(
    ("allowed", "uri"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080/x"),
        ("push.test", "http://push.test/x"),
        ("push.test", "https://push.test/x"),
        ("PUSH.test:80", "http://push.test/x"),
        ("[::1]:8080", "http://[::1]:8080/x"),
    ],
)
def test_a_host_allowed_by_name_is_sent_to(allowed: str, uri: str) -> None:
    assert Channel.parse(uri, allow_hosts=[allowed]).uri.startswith(uri[:10])


@pytest.mark.parametrize("uri", ["http://127.0.0.1:8081/x", "http://127.0.0.1/x", "https://127.0.0.1/x"])
def test_allowing_one_port_allows_no_other(uri: str) -> None:
    with pytest.raises(ChannelError):
        Channel.parse(uri, allow_hosts=["127.0.0.1:8080"])


NO_HOSTS = ["http://x/", "*.example", "", "a b", "x/y", "x:y", "h:0", "h:080", "h:65536", "h:99999"]


@pytest.mark.parametrize("entry", NO_HOSTS)
def test_an_allowed_host_that_is_none_is_refused(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="allow_hosts"):
        Client(allow_hosts=[entry])


@pytest.mark.parametrize("hosts", [None, 5, [None], [b"x"], b"x"])
def test_allowed_hosts_that_are_no_list_of_texts_are_refused(hosts: Any) -> None:
    with pytest.raises(ConfigurationError, match="allow_hosts"):
        AllowedHosts.of(hosts)
    with pytest.raises(ConfigurationError, match="allow_hosts"):
        Client(allow_hosts=hosts)


@pytest.mark.parametrize("target", ["@evil.example/x", ".evil.example/x", ":8080/x", "", "?token=x", None])
def test_a_target_that_would_make_another_host_of_it_is_refused(target: Any) -> None:
    origin = Channel.parse(f"https://db5.notify.windows.com/?token={TOKEN}").origin
    with pytest.raises(ChannelError):
        Channel(origin, target)


def test_a_channel_given_as_an_allowed_host_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match=r"'db5.notify.windows.com'") as caught:
        Client(allow_hosts=[f"https://ada:secret@db5.notify.windows.com/?token={TOKEN}"])
    assert TOKEN.lower() not in str(caught.value).lower()
    assert "secret" not in str(caught.value)


def test_a_single_string_is_no_list_of_hosts() -> None:
    with pytest.raises(ConfigurationError, match="list"):
        Client(allow_hosts="127.0.0.1:80")


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/throttledthirdparty/01.00/x", Service.MPNS),
        ("/?token=x", Service.WNS),
        ("/w/?token=x", Service.WEBPUSH),
        ("/fcm/send/x", Service.WEBPUSH),
        ("/wpush/v2/x", Service.WEBPUSH),
        ("/whatever", None),
    ],
)
def test_on_an_allowed_host_the_path_tells_the_service(path: str, service: Service | None) -> None:
    assert Channel.parse(f"http://localhost:1{path}", allow_hosts=["localhost:1"]).service is service


def test_a_channel_never_shows_its_token() -> None:
    channel = Channel.parse(f"http://db3.notify.live.net/throttledthirdparty/01.00/{TOKEN}")
    for shown in (repr(channel), str(channel), channel.short, f"{channel}"):
        assert TOKEN not in shown
        assert shown.count("…") == 1
    assert TOKEN in channel.uri
    short = Channel.parse("http://db3.notify.live.net/abc")
    assert "abc" not in str(short)


def test_a_web_push_channel_is_known_as_one() -> None:
    assert Channel.parse("https://wns2-db5p.notify.windows.com/w/?token=x").is_web_push
    assert not Channel.parse("https://db5.notify.windows.com/?token=x").is_web_push


def test_a_member_of_an_enumeration_is_the_uri_that_it_holds() -> None:
    class Kept(str, enum.Enum):  # noqa: UP042 - a StrEnum writes itself as its value
        URI = f"https://db5.notify.windows.com/?token={TOKEN}"
        TARGET = "/?x"

    channel = Channel.parse(Kept.URI)
    assert channel.uri == Kept.URI.value
    if not compiled:  # it takes text itself only
        assert Channel(channel.origin, Kept.TARGET).uri == "https://db5.notify.windows.com/?x"


PIECES = st.lists(st.sampled_from(["/", "?", "u", "1", "x", "01.00", "throttledthirdparty", "token", "=", "&", "t"]))


@pytest.mark.parametrize("check", [check_token, check_phone_path])
@given(pieces=PIECES, data=st.data())
def test_upper_case_changes_nothing_about_what_names_a_channel(
    check: Callable[[str], None], pieces: list[str], data: st.DataObject
) -> None:
    spelled = "".join(piece.upper() if data.draw(st.booleans()) else piece for piece in pieces)
    assert _is_refused(check, f"/{spelled}") == _is_refused(check, f"/{''.join(pieces)}")


@pytest.mark.parametrize("target", ["/?TOKEN=", "/?TOKEN=&token=x", "/?token=&x=token=y", "/?token==", "//?", "/?t"])
def test_a_query_without_a_token_names_no_channel(target: str) -> None:
    assert _is_refused(check_token, target)


@pytest.mark.parametrize(
    ("target", "is_refused"),
    [
        ("/u/1/host", True),
        ("/U/1/host?x=/a/b", True),
        (f"/u/{'1' * 16}/{'host' * 16}", True),
        ("/u/1/host/token", False),
        ("/u/1/host/token/", True),
        ("/throttledthirdparty/01.00", True),
        ("/UnthrottledThirdParty/01.00?x=/a/b", True),
        ("/UnthrottledThirdParty/01.00.01.00.01.00?x=/a/b", True),
        (f"/throttledthirdparty/01.00/{'token' * 20}/", True),
        ("/throttledthirdparty/01.00/token", False),
    ],
)
def test_a_phones_path_that_ends_early_names_no_channel(target: str, is_refused: bool) -> None:
    assert _is_refused(check_phone_path, target) == is_refused


def _is_refused(check: Callable[[str], None], target: str) -> bool:
    try:
        check(target)
    except ChannelError:
        return True
    return False


@given(st.characters() | st.characters(max_codepoint=0xFF), st.integers(0, 40))
def test_a_send_and_a_parsed_channel_agree_on_which_characters_a_path_may_have(character: str, place: int) -> None:
    text = "x" * 40
    target = f"/{text[:place]}{character}{text[place:]}"
    origin = Channel.parse("http://s.notify.live.net/u/1/db3/x").origin

    def make(checked: str) -> None:
        make_channel(origin, checked)

    is_refused = not "!" <= character <= "~" or character == "#"
    assert _is_refused(make, target) == _is_refused(check_target, target) == is_refused
