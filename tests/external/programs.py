"""The jobs: python programs, run behind answering_job.PRELUDE."""

CLIENT = """
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.connect(where + ".server")
s.send(b"hello")
await_go()
s.settimeout(10)
say(attempt(lambda: s.send(b"again")) + " " + attempt(lambda: s.recv(100)))
"""

TCP_CLIENT = """
s = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
s.send(b"hello")
await_go()
s.settimeout(10)
say(attempt(lambda: s.recv(100)) + " " + attempt(lambda: s.recv(100)))
"""

TCP_LISTENER = """
s = socket.create_server(("127.0.0.1", 0))
with open(where + ".port.part", "w") as file:
    file.write(str(s.getsockname()[1]))
os.rename(where + ".port.part", where + ".port")
while not os.path.exists(where + ".connected"):
    time.sleep(0.01)
await_go()
s.settimeout(0.5)
say(attempt(lambda: s.accept()[1][0]))
"""

UDP_RECEIVER = """
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
with open(where + ".port.part", "w") as file:
    file.write(str(s.getsockname()[1]))
os.rename(where + ".port.part", where + ".port")
while not os.path.exists(where + ".connected"):
    time.sleep(0.01)
await_go()
s.settimeout(0.5)
say(attempt(lambda: s.recv(100)))
"""

# Not connected to a name, but handed over.
INHERITOR = """
s = socket.socket(fileno=int(sys.argv[2]))
await_go()
s.settimeout(10)
say(attempt(lambda: s.recv(100)) + " " + attempt(lambda: s.recv(100)))
"""

LISTENER = """
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(where + ".server")
s.listen(3)
await_go()
s.settimeout(1)
say(attempt(lambda: s.accept()[0].recv(100)))
"""

DATAGRAMS = """
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(where + ".server")
s.send(b"hello")
await_go()
say(attempt(lambda: s.send(b"again")))
"""

TREE = """
import array
left, right = socket.socketpair()
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(where + ".server")
listener.listen(5)
root = os.getpid()
child = os.fork()
if child == 0:
    left.close()
    listener.close()
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(where + ".server")
    waiting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    waiting.connect(where + ".server")
    read, write = os.pipe()
    os.write(write, b"piped")
    right.send(b"from the child ")
    socket.send_fds(right, [b"with a pipe"], [read, client.fileno()])
    os.close(read)
    with open(where + ".child", "w") as file:
        file.write("there")
    while not os.path.exists(where + ".go"):
        time.sleep(0.01)
    waiting.send(b"waited")
    client.send(b"from the client")
    assert right.recv(100) == b"from the root"
    os._exit(7)
right.close()
accepted, _ = listener.accept()
peer = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
while not os.path.exists(where + ".child"):
    time.sleep(0.01)
await_go()
left.settimeout(10)
accepted.settimeout(10)
listener.settimeout(10)
data, fds, _, _ = socket.recv_fds(left, 100, 5)
result = [data, os.read(fds[0], 100), accepted.recv(100)]
second, _ = listener.accept()
result += [second.recv(100)]
pids = [int.from_bytes(s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], "little") for s in (accepted, second, left)]
result += [[pid == wanted for pid, wanted in zip(pids, (child, child, root))]]
result += [os.path.samestat(os.fstat(fds[1]), os.fstat(fds[1]))]
left.send(b"from the root")
result += [os.waitpid(child, 0)[1] >> 8]
say(repr(result))
"""
