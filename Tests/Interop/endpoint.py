"""Ask a real server through `retort ask`: llama-cpp-python's, with a proxy in front that misbehaves.

    ~/.cache/retort-peers/venv/bin/python Tests/Interop/endpoint.py --model GGUF [--questions 8]

The server runs the model on loopback, with log-probabilities. The proxy hands requests on to it, and does to some of
them what networks and busy services do. Every row is a run of the built program:

    plain      straight to the server: answers in the order of the questions, log-probabilities of real distributions
    faults     429 with and without Retry-After, 500, a cut, a cut chunk, a stall, a wrong length: the same answers
    fewer      the proxy hands on 2 of 5 log-probabilities: accepted, and said
    none       it hands on none: one sentence, exit status 1
    refused    a server without logits: one sentence that quotes it, and not asked twice
    redirect   another host never sees the key
    tls        a server whose certificate proves nothing gets nothing
    interrupt  SIGINT: what is under way is kept, and the next run goes on
    killed     SIGKILL at chance moments until the output is whole: the same answers, nothing in the journal asked again

In all of them a key goes with each request, and no file and no message has it. Prints a row each; exit status 1 if
one failed. The environment is made by ../shared/bench/prepare_peers.sh.
"""
import argparse
import collections
import hashlib
import http.client
import http.server
import json
import math
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
KEY = "sk-interop-7f3a9c51d2e84b60"
TOP = 5


class Failure(Exception):
    """A row that does not hold; the text says why."""


def expect(holds, why):
    if not holds:
        raise Failure(why)


class Server:
    """llama-cpp-python's server on a free port."""

    def __init__(self, model, *options):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--host", "127.0.0.1", "--port",
             str(self.port), "--n_ctx", "512", "--verbose", "false", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}/v1"
        for _ in range(240):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/v1/models")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                expect(self.process.poll() is None, "the server did not start")
            time.sleep(0.25)
        raise Failure("the server did not get ready within a minute")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Proxy:
    """Hands requests on, and spoils those that `spoil(number, body)` names a fault for."""

    def __init__(self, server, spoil=lambda number, body: None):
        proxy, self.bodies, self.whole, self.lock = self, [], collections.Counter(), threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with proxy.lock:
                    number = len(proxy.bodies)
                    proxy.bodies.append(body)
                if self.headers.get("Authorization") != f"Bearer {KEY}":
                    return self.answer(401, b'{"error":{"message":"no key"}}')
                fault = spoil(number, body)
                try:
                    self.spoiled(fault, body)
                except OSError:
                    pass  # the client was killed
                self.close_connection = True

            def spoiled(self, fault, body):
                if fault == "429":
                    self.answer(429, b'{"error":{"message":"slow down"}}')
                elif fault == "429 after":
                    self.answer(429, b'{"error":{"message":"slow down"}}', {"Retry-After": "1"})
                elif fault == "500":
                    self.answer(500, b"<html>" + str(dict(self.headers)).encode() + b"</html>")
                elif fault == "silence":
                    time.sleep(9)
                elif fault == "redirect":
                    self.answer(307, b"", {"Location": proxy.elsewhere})
                else:
                    data = self.upstream(body)
                    if fault == "cut":
                        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data[:len(data) // 2])
                    elif fault == "cut chunk":
                        self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(data) + data[:50])
                    elif fault == "short length":
                        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(data) // 2) + data)
                    elif fault == "stall":
                        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data[:50])
                        time.sleep(9)
                    elif fault in ("fewer", "none"):
                        answer = json.loads(data)
                        choice = answer["choices"][0]
                        if fault == "none":
                            choice["logprobs"] = None
                        else:
                            for token in choice["logprobs"]["content"]:
                                token["top_logprobs"] = token["top_logprobs"][:2]
                        self.answer(200, json.dumps(answer).encode())
                    else:
                        if fault == "late":
                            time.sleep(0.3)
                        self.answer(200, data)
                        with proxy.lock:
                            proxy.whole[body] += 1

            def upstream(self, body):
                # The server computes one answer at a time.
                with proxy.turn:
                    if body not in proxy.known:
                        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
                        connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
                        response = connection.getresponse()
                        data = response.read()
                        if response.status != 200:
                            raise OSError(f"the server gave {response.status}: {data[:200]}")
                        proxy.known[body] = data
                    return proxy.known[body]

            def answer(self, status, data, headers=None):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def raw(self, data):
                self.wfile.write(data)
                self.wfile.flush()

        self.turn, self.elsewhere = threading.Lock(), ""
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    # Answers of the server, by request: the rows ask the same, and the server is slow.
    known = {}


class Asker:
    """Runs `retort ask` in a folder of its own, and looks for the key in all that it leaves."""

    def __init__(self, retort, data, folder):
        self.retort, self.data, self.folder = str(retort), data, folder
        self.said = ""

    def start(self, url, name, *options):
        command = [self.retort, "ask", "--endpoint", url, "--model", "smollm2", "--api-key-variable", "INTEROP_KEY",
                   "--data", str(self.data), "--output", str(self.folder / f"{name}.jsonl"), "--max-tokens", "12",
                   *options]
        environment = {**os.environ, "INTEROP_KEY": KEY}
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self, process):
        self.said = process.communicate(timeout=600)[0]
        expect(KEY not in self.said, "a message holds the key")
        for path in self.folder.iterdir():
            expect(KEY.encode() not in path.read_bytes(), f"{path.name} holds the key")
        return process.returncode

    def run(self, url, name, *options):
        return self.finish(self.start(url, name, *options))

    def journal(self, name):
        path = self.folder / f"{name}.jsonl.journal"
        lines = path.read_bytes().split(b"\n")[1:-1] if path.exists() else []
        return {json.loads(line)["key"]: json.loads(line) for line in lines}

    def texts(self, name, url, bodies):
        """The answers to some requests, from the journal: by the digest that it is said to have."""
        kept = self.journal(name)
        return [kept[digest(url, body)]["message"]["content"] for body in bodies]


def digest(url, body):
    return hashlib.sha256(url.encode() + b"/chat/completions\n" + body).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retort", default=HOME / ".build" / "release" / "retort")
    parser.add_argument("--model", type=Path, required=True, help="SmolLM2-135M-Instruct, Q4_1")
    parser.add_argument("--questions", type=int, default=8)
    options = parser.parse_args()
    try:
        import llama_cpp.server.app  # noqa: F401
    except ImportError as missing:
        print(f"skip  the server of llama-cpp-python is not there ({missing}); make it with prepare_peers.sh")
        print("0 of 0 rows hold")
        return
    lines = (HOME / "Datasets" / "smart-home" / "test.jsonl").read_text().splitlines()[:options.questions - 1]
    lines.append(json.dumps({"messages": [{"role": "user", "content": "Repeat after me: naïve café – 日本 🧪"}]}))
    with tempfile.TemporaryDirectory(prefix="retort-endpoint-") as folder:
        data = Path(folder) / "questions.jsonl"
        data.write_text("\n".join(lines) + "\n")
        answers = Path(folder) / "answers"
        answers.mkdir()
        server = Server(options.model.resolve(), "--logits_all", "true")
        try:
            failed = rows(server, Asker(options.retort, data, answers), lines, options.model.resolve())
        finally:
            server.stop()
    sys.exit(1 if failed else 0)


def rows(server, asker, lines, model):
    count = len(lines)
    asked = ["--top-logprobs", str(TOP)]

    def plain():
        proxy = Proxy(server)
        expect(asker.run(proxy.url, "plain", *asked) == 0, asker.said)
        expect(sorted(proxy.whole.values()) == [1] * count, "something was asked twice")
        tokens = likeliest = 0
        for entry in asker.journal("plain").values():
            for token, logprob, others in entry["tokens"]:
                tokens += 1
                mass = sum(math.exp(other[1]) for other in others)
                expect(1 <= len(others) <= TOP + 1 and mass <= 1.001, f"{others} is no distribution")
                expect([token, logprob] in others, f"{token} is not among {others}")
                likeliest += logprob == others[0][1]
        # Answers are greedy, but for the server's penalty on tokens that come again.
        expect(likeliest >= 0.8 * tokens, f"only {likeliest} of {tokens} tokens are the most probable ones")
        for line in (asker.folder / "plain.jsonl").read_text().splitlines():
            messages = json.loads(line)["messages"]
            expect(messages[-1]["role"] == "assistant" and messages[-1]["content"], f"no answer in {line[:200]}")
        return f"{count} questions, {tokens} tokens, {likeliest} of them the most probable ones"

    faults = ["429", "429 after", "500", "cut", "cut chunk", "short length", "silence", "stall"]

    def spoiled():
        proxy = Proxy(server, lambda number, body: faults[number] if number < len(faults) else None)
        expect(asker.run(proxy.url, "faults", *asked, "--timeout", "6") == 0, asker.said)
        expect(sorted(proxy.whole.values()) == [1] * count, "something was asked twice after an answer")
        expect(len(proxy.bodies) == count + len(faults), f"{len(proxy.bodies)} requests")
        same(proxy, "faults")
        return f"{len(faults)} faults, {len(proxy.bodies)} requests, the same {count} answers"

    def same(proxy, name):
        found = asker.texts(name, proxy.url, sorted(proxy.whole))
        wanted = [json.loads(Proxy.known[body])["choices"][0]["message"]["content"] for body in sorted(proxy.whole)]
        expect(found == wanted and len(found) == count, "the journal has other answers than the server gave")
        # The proxy's address is part of a key, so the outputs are compared, which have the order.
        expect((asker.folder / f"{name}.jsonl").read_bytes() == (asker.folder / "plain.jsonl").read_bytes(),
               "the output differs from the undisturbed run's")

    def fewer():
        proxy = Proxy(server, lambda number, body: "fewer")
        expect(asker.run(proxy.url, "fewer", *asked) == 0, asker.said)
        expect("tokens have fewer log-probabilities than asked for" in asker.said, asker.said)
        return "accepted and said"

    def none():
        proxy = Proxy(server, lambda number, body: "none")
        expect(asker.run(proxy.url, "none", *asked, "--concurrency", "1") == 1, asker.said)
        expect(asker.said.count("\n") == 1 and "gives no log-probabilities" in asker.said, asker.said)
        expect(len(proxy.bodies) == 1, "asked again")
        return "one sentence"

    def refused():
        plain_server = Server(model, "--logits_all", "false")
        try:
            expect(asker.run(plain_server.url, "refused", *asked, "--concurrency", "1") == 1, asker.said)
            expect("logprobs is not supported for models created with logits_all=False" in asker.said, asker.said)
            expect(asker.said.count("\n") == 1 and "set it to 0 for the text alone" in asker.said, asker.said)
        finally:
            plain_server.stop()
        return "one sentence"

    def redirect():
        other, proxy = Proxy(server), Proxy(server, lambda number, body: "redirect")
        proxy.elsewhere = other.url + "/chat/completions"
        expect(asker.run(proxy.url, "redirect", *asked) == 1 and not other.bodies, "it was followed")
        expect(other.url in asker.said, asker.said)
        return "not followed"

    def tls():
        heard = []
        with tempfile.TemporaryDirectory() as folder:
            pair = [f"{folder}/key.pem", f"{folder}/certificate.pem"]
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", pair[0], "-out",
                            pair[1]], check=True, capture_output=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair[1], pair[0])

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                heard.append(self.headers)

        class Quiet(http.server.HTTPServer):
            def handle_error(self, *_):
                pass  # a handshake that the client refuses

        listener = Quiet(("127.0.0.1", 0), Handler)
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        url = f"https://localhost:{listener.server_address[1]}/v1"
        expect(asker.run(url, "tls") == 1 and not heard, "it was asked")
        expect("the server's certificate is not trusted" in asker.said, asker.said)
        return "not trusted"

    def interrupt():
        proxy = Proxy(server, lambda number, body: "late")
        process = asker.start(proxy.url, "interrupt", *asked, "--concurrency", "1")
        while len(proxy.bodies) < 3:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        expect(asker.finish(process) == 1 and f"stopped with 3 of {count}" in asker.said, asker.said)
        expect(asker.run(proxy.url, "interrupt", *asked) == 0, asker.said)
        expect(sorted(proxy.whole.values()) == [1] * count, "something was asked twice")
        same(proxy, "interrupt")
        return f"3 of {count}, then the rest"

    def killed():
        chance, kills = random.Random(4), 0
        proxy = Proxy(server, lambda number, body: "late")
        while True:
            done = set(asker.journal("killed"))
            before = len(proxy.bodies)
            process = asker.start(proxy.url, "killed", *asked, "--concurrency", "2")
            try:
                process.wait(timeout=chance.uniform(0.2, 0.9))
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
            code = asker.finish(process)
            again = [body for body in proxy.bodies[before:] if digest(proxy.url, body) in done]
            expect(not again, "an answer of the journal was asked for again")
            expect(kills < 100, "no end")
            if code == 0:
                break
            expect(code == -signal.SIGKILL, asker.said)
        same(proxy, "killed")
        expect(kills > 0, "nothing was killed")
        return f"{kills} kills, {len(proxy.bodies)} requests for {count} answers"

    acts = {"plain": plain, "faults": spoiled, "fewer": fewer, "none": none, "refused": refused,
            "redirect": redirect, "tls": tls, "interrupt": interrupt, "killed": killed}
    failed = 0
    for name, act in acts.items():
        try:
            print(f"ok    {name:10} {act()}", flush=True)
        except Exception as problem:
            failed += 1
            kind = "" if isinstance(problem, Failure) else f"{type(problem).__name__}: "
            print(f"FAIL  {name:10} {kind}{problem}", flush=True)
    print(f"{len(acts) - failed} of {len(acts)} rows hold")
    return failed


if __name__ == "__main__":
    main()
