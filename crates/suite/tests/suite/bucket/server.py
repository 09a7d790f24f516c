"""A bucket behind the protocol of S3, on a port of loopback: moto's server, which computes every signature (version 4)
anew with Amazon's own library and refuses what does not fit. Says `PORT KEY SECRET`, and then does what it reads:

    down            answers nobody any more
    up              answers again, with everything it held
    list            the names of what it holds, and how many uploads in parts were never ended
    bend NAME       one byte of it is another
    drop NAME       it is gone
    stumble N       the next N parts of uploads are answered by 500
    signed          how many requests it has answered, and how many of them it refused
"""

import json
import logging
import os
import sys
import threading

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "0"
os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"

from moto.core import DEFAULT_ACCOUNT_ID  # noqa: E402
from moto.iam.models import iam_backends  # noqa: E402
from moto.s3.models import s3_backends  # noqa: E402
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

BUCKET = "cuulong"
USER = "cuulong"

logging.getLogger("werkzeug").setLevel(logging.ERROR)


def key():
    """A user who may do everything with this bucket and nothing else."""
    users = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    users.create_user("us-east-1", USER)
    own = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": own}
    users.put_user_policy(USER, "own", json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    return users.create_access_key(USER)


class Counted:
    """The application, counting what it answers."""

    def __init__(self):
        self.inner = DomainDispatcherApplication(create_backend_app)
        self.answered = 0
        self.refused = 0
        self.stumbles = 0

    def __call__(self, environ, start_response):
        if self.stumbles and "partNumber=" in environ.get("QUERY_STRING", ""):
            self.stumbles -= 1
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("500 Internal Server Error", [("Content-Length", "0")])
            return [b""]

        def counting(status, headers, *more):
            self.answered += 1
            self.refused += status.startswith("403")
            return start_response(status, headers, *more)

        return self.inner(environ, counting)


class Server:
    def __init__(self, application):
        self.application = application
        self.port = 0
        self.up()

    def up(self):
        self.running = make_server(
            "127.0.0.1", self.port, self.application, threaded=True, request_handler=MotoRequestHandler
        )
        self.port = self.running.server_port
        self.thread = threading.Thread(target=self.running.serve_forever, daemon=True)
        self.thread.start()

    def down(self):
        self.running.shutdown()
        self.running.server_close()
        self.thread.join()


def main():
    bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(BUCKET, "us-east-1")
    owner, application = key(), Counted()
    server = Server(application)
    print(server.port, owner.access_key_id, owner.secret_access_key, flush=True)
    for line in sys.stdin:
        word, _, name = line.strip().partition(" ")
        said = "done"
        if word == "down":
            server.down()
        elif word == "up":
            server.up()
        elif word == "list":
            said = " ".join([str(len(bucket.multiparts)), *sorted(bucket.keys)])
        elif word == "bend":
            value = bytearray(bucket.keys[name].value)
            value[-1] ^= 1
            bucket.keys[name].value = bytes(value)
        elif word == "drop":
            del bucket.keys[name]
        elif word == "stumble":
            application.stumbles = int(name)
        elif word == "signed":
            said = f"{application.answered} {application.refused}"
        else:
            said = f"no such word: {word}"
        print(said, flush=True)


main()
