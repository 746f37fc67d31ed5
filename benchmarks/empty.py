"""An ASGI callable that reads the body and says yes, under uvicorn with the settings of our own server: the floor."""

import json
import socket

import uvicorn
import uvloop

BODY = b'{"decision_id":"dec_000000000000","event_id":"evt_0000000000000000","outcome":"allow","score":0,"reasons":[]}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def application(scope, receive, send):  # noqa: ARG001 - the shape of ASGI
    """Answer whatever comes."""
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def main() -> None:
    sock = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(
        application, lifespan="off", log_config=None, access_log=False, server_header=False, date_header=False,
        timeout_keep_alive=75,
    )  # fmt: skip
    print(json.dumps({"url": f"http://127.0.0.1:{sock.getsockname()[1]}", "api_key": "none"}), flush=True)
    await uvicorn.Server(config).serve(sockets=[sock])


if __name__ == "__main__":
    uvloop.run(main())
