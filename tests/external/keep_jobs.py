"""Jobs with TCP connections to peers that are not saved: python programs, run behind PRELUDE."""

# Both write streams of their own, whose bytes follow from their place, and check the other's.
STREAM = """
import hashlib, select, struct
def block(number, side):
    return hashlib.sha256(b"%d of %s" % (number, side)).digest() * 128
class Stream:
    SIZE = 32 * 128
    def __init__(self, sock, mine, theirs):
        self.sock, self.mine, self.theirs = sock, mine, theirs
        self.sent = self.got = 0
        sock.setblocking(False)
    def part(self, at, side):
        return block(at // self.SIZE, side)[at % self.SIZE:]
    def write(self):
        try:
            self.sent += self.sock.send(self.part(self.sent, self.mine))
        except BlockingIOError:
            pass
    def read(self):
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return True
        self.check(data)
        return bool(data)
    def check(self, data):
        while data:
            part = self.part(self.got, self.theirs)[:len(data)]
            if data[:len(part)] != part:
                raise ValueError("the stream differs within %d bytes from %d on" % (len(part), self.got))
            self.got += len(part)
            data = data[len(part):]
    def run(self, until):
        while not until():
            readable, writable, _ = select.select([self.sock], [self.sock], [], 0.05)
            if readable and not self.read():
                return  # The other was told before; how much there was is compared in the end.
            if writable:
                self.write()
    def finish(self):
        # To the end of the block, then the end of the stream; then all of the other's.
        self.sock.setblocking(True)
        self.sock.settimeout(60)
        if self.sent % self.SIZE:
            self.sock.sendall(self.part(self.sent, self.mine))
            self.sent += self.SIZE - self.sent % self.SIZE
        self.sock.shutdown(socket.SHUT_WR)
        while True:
            data = self.sock.recv(65536)
            if not data:
                break
            self.check(data)
"""

# Connects to argv[2] port argv[3], or, if argv[4] is "listen", waits there for who comes.
MEET = """
def meet(family):
    if sys.argv[4] != "listen":
        sock = socket.socket(family)
        sock.connect((sys.argv[2], int(sys.argv[3])))
        return sock
    listener = socket.socket(family)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind((sys.argv[2], int(sys.argv[3])))
    listener.listen(5)
    with open(where + ".port.part", "w") as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(where + ".port.part", where + ".port")
    global kept
    kept = listener  # It stays open.
    return listener.accept()[0]
"""

STREAMER = STREAM + MEET + """
family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
sock = meet(family)
stream = Stream(sock, b"job", b"peer")
with open(where + ".ready", "w") as file:
    file.write("ready")
try:
    stream.run(lambda: os.path.exists(where + ".go"))
    stream.finish()
    say("%d %d" % (stream.sent, stream.got))
except (OSError, ValueError) as error:
    say(repr(error))
"""

# The other side of it: the program is run by itself, without PRELUDE.
PEER = """
import os, socket, sys
""" + STREAM + MEET + """
where = sys.argv[1]
family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
def say(text):
    with open(where + ".part", "w") as file:
        file.write(text)
    os.rename(where + ".part", where + ".said")
sock = meet(family)
stream = Stream(sock, b"peer", b"job")
def note():
    with open(where + ".got.part", "w") as file:
        file.write("%d %d" % (stream.sent, stream.got))
    os.rename(where + ".got.part", where + ".got")
    return os.path.exists(where + ".go")
try:
    stream.run(note)
    stream.finish()
    say("%d %d" % (stream.sent, stream.got))
except (OSError, ValueError) as error:
    say(repr(error))
"""

# Connects, does what argv[3] says, and answers with what it can read and whether it can write.
HALF = """
s = socket.create_connection((sys.argv[2].rsplit(" ", 1)[0], int(sys.argv[2].rsplit(" ", 1)[1])))
exec(sys.argv[3])
await_go()
s.settimeout(20)
exec(sys.argv[4])
"""
