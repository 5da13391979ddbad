"""Prints the exact request without sending it: for logs, tests and other HTTP clients."""

from winpush import mpns

URI = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQmVzdFRva2VuRXZlcg"

request = mpns.build_request(URI, mpns.IconicTile("#FF1BA1E2", 3, "Mail", wide_content1="Ada Lovelace"))
print(request.method, request.channel)
for name, value in request.headers:
    print(f"{name}: {value}")
print(request.body.decode())
