"""Real servers whose clients are not saved, and notice nothing."""

import hashlib
import os
import random
import re
import shutil
import socket
import subprocess
import time

from checks import expect, wait_until


class Missing(Exception):
    """A program that is not installed."""


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Missing(f"there is no {program}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def start_server(stage, command, port):
    with open(os.path.join(stage.dir, "log"), "ab") as log:
        stage.job = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=stage.dir, start_new_session=True
        )
    wait_until(lambda: answers(port), "the server")


def start_client(stage, command):
    out = os.path.join(stage.dir, "client")
    with open(out, "wb") as log:
        stage.peer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=stage.dir)
    return out


def amid_the_work(stage, *flags):
    """Once left running, twice killed and restored, while the client is at it."""
    time.sleep(1)
    stage.save(*flags)
    for _ in range(2):
        time.sleep(1)
        expect(stage.peer.poll() is None, "the client has ended before")
        stage.save_and_kill(*flags)
        time.sleep(0.5)
        stage.bring_back()
    expect(stage.peer.poll() is None, "the client has ended before")


def redis_serves_a_benchmark(stage):
    need("redis-server", "redis-benchmark")
    port = free_port()
    start_server(
        stage, ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], port
    )
    client = ["redis-benchmark", "-p", str(port), "-c", "20", "-n", "100000", "-r", "10000", "-P", "4", "-l", "--csv"]
    out = start_client(stage, [*client, "-t", "set,get,incr"])
    amid_the_work(stage)
    time.sleep(2)
    expect(stage.peer.poll() is None, "the client has ended")
    stage.peer.terminate()
    stage.peer.wait(20)
    with open(out, encoding="utf-8", errors="replace") as file:
        said = file.read()
    expect(not re.search("error|reset|closed|refused", said, re.IGNORECASE), said[-1000:])
    with socket.create_connection(("127.0.0.1", port)) as other:
        other.sendall(b"DBSIZE\r\n")
        expect(int(other.recv(100).strip(b":\r\n")) > 0, "there are no keys")


NGINX = """
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
worker_processes 2;
user root;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {{ listen 127.0.0.1:{port}; root {dir}/root; }}
}}
"""


def nginx_serves_a_download(stage):
    need("nginx", "curl")
    port = free_port()
    root = os.path.join(stage.dir, "root")
    os.mkdir(root)
    data = random.randbytes(60 << 20)
    with open(os.path.join(root, "file"), "wb") as file:
        file.write(data)
    config = os.path.join(stage.dir, "nginx.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write(NGINX.format(dir=stage.dir, port=port))
    start_server(stage, ["nginx", "-c", config], port)
    start_client(
        stage,
        ["curl", "-sS", "--fail", "--limit-rate", "6M", "-o", "got", f"http://127.0.0.1:{port}/file"],
    )
    amid_the_work(stage, "--tree")
    expect(stage.peer.wait(90) == 0, "curl has failed")
    with open(os.path.join(stage.dir, "got"), "rb") as file:
        expect(hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest(), "another file")


CASES = (redis_serves_a_benchmark, nginx_serves_a_download)
