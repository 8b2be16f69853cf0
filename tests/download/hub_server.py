"""A Hugging Face compatible server on this machine, with the failures a real one has."""

import collections
import hashlib
import http.server
import json
import re
import ssl
import threading
import time


def git_sha1(content):
    """The name git gives a blob, which is the etag of small files."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Quiet(http.server.ThreadingHTTPServer):
    """A server that keeps broken connections to itself."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Hub:
    """Repositories by name, each {revision: {file: content}}, for as long as the `with` lasts.

    Safetensors lie at a second server, as on the real Hub, and are checked by SHA-256. `before` may answer a request
    itself: it is called with the handler and returns whether it did. `requests` lists (method, path, headers); `files`
    those of the second server.
    """

    def __init__(self, repositories, token=None, certificate=None):
        self.repositories = repositories
        self.token = token
        self.before = lambda handler: False
        self.before_bytes = lambda handler, content: False
        self.commits = {}
        self.requests, self.files = [], []
        self.content = {}
        self.hub = Quiet(("127.0.0.1", 0), self.handler(Api))
        self.cdn = Quiet(("127.0.0.1", 0), self.handler(Storage))
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            for server in (self.hub, self.cdn):
                server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        self.address = f"{scheme}://127.0.0.1:{self.hub.server_port}"
        self.storage = f"{scheme}://localhost:{self.cdn.server_port}"
        for name, revisions in repositories.items():
            for revision, files in revisions.items():
                commit = hashlib.sha1(f"{name} {sorted(files.items())}".encode()).hexdigest()
                self.commits[name, revision] = commit
                self.commits[name, commit] = commit
                revisions_of = self.content.setdefault(name, {})
                revisions_of[commit] = files

    def handler(self, kind):
        """The handler class bound to this hub."""
        return type(kind.__name__, (kind,), {"state": self})

    def __enter__(self):
        for server in (self.hub, self.cdn):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        for server in (self.hub, self.cdn):
            server.shutdown()
            server.server_close()

    def commit(self, name, revision="main"):
        """The commit of a revision."""
        return self.commits[name, revision]

    def fail_times(self, times, status, pattern="", **headers):
        """Answers the first requests whose path matches with that status."""
        left = collections.Counter(times=times)

        def before(handler):
            if left["times"] == 0 or not re.search(pattern, handler.path):
                return False
            left["times"] -= 1
            handler.reply(status, b"", {name.replace("_", "-"): value for name, value in headers.items()})
            return True

        self.before = before


class Base(http.server.BaseHTTPRequestHandler):
    """What both servers share."""

    protocol_version = "HTTP/1.1"
    state = None

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", headers=None):
        """A whole answer."""
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_content(self, content, headers):
        """A file or the range asked for."""
        if self.state.before_bytes(self, content):
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not asked:
            self.reply(200, content, headers)
            return
        first = int(asked[1])
        if first >= len(content):
            self.reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        part = content[first:]
        self.reply(206, part, headers | {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"})

    def do_HEAD(self):
        self.do_GET()


class Api(Base):
    """The Hub itself: its API, small files, and links to large ones."""

    def do_GET(self):
        self.state.requests.append((self.command, self.path, dict(self.headers)))
        if self.state.before(self):
            return
        if self.state.token and self.headers.get("Authorization") != f"Bearer {self.state.token}":
            self.reply(401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Invalid username or password."})
            return
        if found := re.fullmatch(r"/api/models/(.+)/revision/([^/?]+)(\?.*)?", self.path):
            self.list_files(found[1], found[2].replace("%2F", "/"))
        elif found := re.fullmatch(r"/api/models/(.+)/tree/([^/?]+)(\?.*)?", self.path):
            self.list_tree(found[1], found[2].replace("%2F", "/"))
        elif found := re.fullmatch(r"/(.+)/resolve/([^/]+)/(.+)", self.path):
            self.resolve(found[1], found[2].replace("%2F", "/"), found[3])
        else:
            self.reply(404)

    def list_files(self, name, revision):
        """GET /api/models/NAME/revision/REVISION."""
        if name not in self.state.repositories:
            self.reply(404, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        elif (name, revision) not in self.state.commits:
            self.reply(404, b"", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": f"Invalid rev id: {revision}"})
        else:
            commit = self.state.commits[name, revision]
            siblings = [{"rfilename": file} for file in self.state.content[name][commit]]
            self.reply(200, json.dumps({"id": name, "sha": commit, "siblings": siblings}).encode())

    def list_tree(self, name, revision):
        """GET /api/models/NAME/tree/REVISION, which newer clients of Hugging Face ask."""
        files = self.state.content[name][self.state.commits[name, revision]]
        tree = [
            {"type": "file", "path": file, "size": len(content), "oid": git_sha1(content)}
            | (
                {"lfs": {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}}
                if file.endswith(".safetensors")
                else {}
            )
            for file, content in files.items()
        ]
        self.reply(200, json.dumps(tree).encode())

    def resolve(self, name, revision, file):
        """GET or HEAD /NAME/resolve/REVISION/FILE."""
        commit = self.state.commits.get((name, revision))
        content = self.state.content.get(name, {}).get(commit, {}).get(file)
        if content is None:
            self.reply(404, b"", {"X-Error-Code": "EntryNotFound"})
        elif file.endswith(".safetensors"):
            digest = hashlib.sha256(content).hexdigest()
            self.reply(
                302,
                b"",
                {
                    "X-Repo-Commit": commit,
                    "X-Linked-Etag": f'"{digest}"',
                    "X-Linked-Size": str(len(content)),
                    "Location": f"{self.state.storage}/{name}/{commit}/{file}",
                },
            )
        else:
            self.send_content(content, {"X-Repo-Commit": commit, "ETag": f'"{git_sha1(content)}"'})


class Storage(Base):
    """Where large files lie; it must never see the token."""

    def do_GET(self):
        self.state.files.append((self.command, self.path, dict(self.headers)))
        name, commit, file = re.fullmatch(r"/(.+)/([0-9a-f]{40})/(.+)", self.path).groups()
        self.send_content(self.state.content[name][commit][file], {})


def break_after(count, times):
    """For `before_bytes`: the first `times` downloads break off after `count` bytes."""
    left = collections.Counter(times=times)

    def before_bytes(handler, content):
        if left["times"] == 0 or handler.command == "HEAD" or len(content) <= count:
            return False
        left["times"] -= 1
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        handler.send_response(206 if asked else 200)
        handler.send_header("Content-Length", str(len(content) - first))
        handler.end_headers()
        handler.wfile.write(content[first : first + count])
        handler.wfile.flush()
        handler.close_connection = True
        handler.connection.close()
        return True

    return before_bytes


def stall(handler, content):
    """For `before_bytes`: a server that says nothing more."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[:10])
    handler.wfile.flush()
    time.sleep(20)
    return True
