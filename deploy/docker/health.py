"""What the HEALTHCHECK of the image runs: the process in this container answers, over TLS where it speaks TLS."""

import http.client
import os
import ssl
import sys


def main() -> int:
    port, path = int(os.environ["LANDA_LISTEN_PORT"]), os.environ["LANDA_HEALTH"]
    connection: http.client.HTTPConnection
    if "LANDA_TLS_CERTIFICATE" in os.environ:
        # its name is not ours to check from inside
        blind = ssl._create_unverified_context()  # noqa: S323
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=4, context=blind)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except OSError:
        return 1
    # the front answers an address that it does not know by itself
    return 0 if status < 300 or path == "/-" else 1


if __name__ == "__main__":
    sys.exit(main())
