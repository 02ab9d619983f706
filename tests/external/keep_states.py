"""Connections in all states, saved and restored: half-closed ones, full ones, ones nobody hears."""

import hashlib
import os
import random
import socket
import time

import keep_jobs
import tool as tools
from checks import Failed, expect, wait_until
from stage import UNSUPPORTED, await_file

DENIED = 77


def connect_half(stage, before, after, server=None):
    """A job that has connected to us and done `before`; it does `after` when it is told to."""
    server = server or socket.create_server(("127.0.0.1", 0))
    address = server.getsockname()[0]
    stage.start(keep_jobs.HALF, f"{address} {server.getsockname()[1]}", before, after)
    theirs, _ = server.accept()
    theirs.settimeout(30)
    return theirs


def read_all(sock):
    data = b""
    while piece := sock.recv(1 << 16):
        data += piece
    return data


def both_ways(stage):
    """Saves the job left running, then kills and restores it."""
    stage.save()
    stage.save_and_kill()
    stage.bring_back()


def the_peer_had_ended(stage):
    theirs = connect_half(
        stage,
        "pass",
        "got = s.recv(100), s.recv(100)\ns.sendall(b'still ' * 50000)\ns.close()\nsay(repr(got))",
    )
    theirs.send(b"last words")
    theirs.shutdown(socket.SHUT_WR)
    both_ways(stage)
    stage.go()
    expect(read_all(theirs) == b"still " * 50000, "the answer is another")
    said = await_file(stage.where + ".said")
    expect(said == repr((b"last words", b"")), said)


def the_job_had_ended(stage):
    theirs = connect_half(
        stage,
        "s.sendall(b'all I have'); s.shutdown(socket.SHUT_WR)",
        "say(attempt(lambda: s.recv(100)) + ' ' + attempt(lambda: s.recv(100)) + ' ' + attempt(lambda: s.send(b'x')))",
    )
    expect(read_all(theirs) == b"all I have", "the job's words were lost")
    both_ways(stage)
    theirs.send(b"answer")
    theirs.close()
    said = stage.result()
    expect(said == "b'answer' b'' BrokenPipeError", said)


def both_have_ended(stage):
    theirs = connect_half(
        stage,
        "s.sendall(b'mine'); s.shutdown(socket.SHUT_WR)",
        "say(attempt(lambda: s.recv(100)) + ' ' + attempt(lambda: s.recv(100)))",
    )
    expect(read_all(theirs) == b"mine", "the job's words were lost")
    theirs.send(b"yours")
    theirs.shutdown(socket.SHUT_WR)
    both_ways(stage)
    said = stage.result()
    expect(said == "b'yours' b''", said)


FILL = """
s.setblocking(False)
filled = 0
try:
    while True:
        filled += s.send(bytes((filled + i) % 251 for i in range(5000)))
except BlockingIOError:
    pass
s.setblocking(True)
"""


def nobody_reads(stage):
    theirs = connect_half(stage, FILL, "s.shutdown(socket.SHUT_WR); say(str(filled) + attempt(lambda: s.recv(9)))")
    both_ways(stage)
    stage.go()
    got = read_all(theirs)
    theirs.send(b"thanks")
    said = await_file(stage.where + ".said")
    expect(said == f"{len(got)}b'thanks'", said)
    expect(all(got[i] == i % 251 for i in range(len(got))), "the stream is another")


def much_is_unread(stage):
    theirs = connect_half(stage, "time.sleep(1)", "import hashlib\nh = hashlib.sha256()\nn = 0\nwhile d := s.recv(70000):\n  h.update(d); n += len(d)\nsay('%d %s' % (n, h.hexdigest()))")
    data = random.randbytes(3 << 20)
    theirs.setblocking(False)
    sent = 0
    while sent < len(data):
        try:
            sent += theirs.send(data[sent:])
        except BlockingIOError:
            break
    both_ways(stage)
    theirs.setblocking(True)
    stage.go()
    theirs.sendall(data[sent:])
    theirs.close()
    said = await_file(stage.where + ".said", 60)
    expect(said == f"{len(data)} {hashlib.sha256(data).hexdigest()}", said)


ECHO = "s.sendall(s.recv(100)); say(attempt(lambda: s.recv(100)))"


def packets_wait_for_the_restore(stage):
    theirs = connect_half(stage, "pass", ECHO)
    stage.save_and_kill()
    theirs.send(b"is anybody there")
    time.sleep(1)
    stage.bring_back()
    stage.go()
    expect(theirs.recv(100) == b"is anybody there", "another answer")
    theirs.close()
    expect(await_file(stage.where + ".said") == "b''", "no end")


def the_hold_runs_out(stage):
    theirs = connect_half(stage, "pass", ECHO)
    stage.save_and_kill("--hold", "1")
    theirs.send(b"is anybody there")
    try:
        raise Failed(f"there was no reset, but {theirs.recv(100)}")
    except ConnectionResetError:
        pass
    # What is left of the table goes with the next one.
    stage.tool.run("restore", stage.image, "--dry-run")


def a_restore_that_fails_harms_nothing(stage):
    theirs = connect_half(stage, "pass", ECHO)
    stage.save_and_kill()
    theirs.send(b"again")
    try:
        stage.bring_back("--pidfile", "/nowhere/pid")
    except tools.ToolError:
        pass
    else:
        raise Failed("the restore did not fail")
    time.sleep(0.5)
    stage.bring_back()
    stage.go()
    expect(theirs.recv(100) == b"again", "another answer")


def a_second_copy_is_refused(stage):
    theirs = connect_half(stage, "pass", ECHO)
    stage.save()
    try:
        stage.bring_back()
    except tools.ToolError as error:
        expect(error.rc == UNSUPPORTED and "another copy" in error.text, error.text)
    else:
        raise Failed("two jobs have one connection")
    theirs.send(b"still one")
    stage.go()
    expect(theirs.recv(100) == b"still one", "the job was harmed")


def without_privilege_it_is_denied(stage):
    theirs = connect_half(stage, "pass", ECHO)
    without = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-all", "--"]
    plain = stage.tool.command
    stage.tool.command = lambda name, *args, uid=None: without + plain(name, *args, uid=uid)
    try:
        stage.save()
    except tools.ToolError as error:
        expect(error.rc == DENIED and "CAP_NET_ADMIN" in error.text, error.text)
    else:
        raise Failed("it was not denied")
    finally:
        stage.tool.command = plain
    theirs.send(b"x")
    stage.go()
    expect(theirs.recv(100) == b"x", "the job was harmed")


def the_options_come_back(stage):
    theirs = connect_half(
        stage,
        "s.setsockopt(6, socket.TCP_NODELAY, 1); s.setsockopt(1, socket.SO_KEEPALIVE, 1);"
        "s.setsockopt(6, socket.TCP_KEEPIDLE, 77); s.setsockopt(1, socket.SO_REUSEADDR, 1)",
        "say(repr([s.getsockopt(6, socket.TCP_NODELAY), s.getsockopt(1, socket.SO_KEEPALIVE),"
        "s.getsockopt(6, socket.TCP_KEEPIDLE), s.getsockopt(1, socket.SO_REUSEADDR), s.getsockopt(6, 19)]))",
    )
    stage.save()
    stage.save_and_kill()
    stage.bring_back()
    said = stage.result()
    expect(said == "[1, 1, 77, 1, 0]", said)
    del theirs


END_UNHEARD = FILL + """
s.shutdown(socket.SHUT_WR)
with open(where + ".shut", "w") as file:
    file.write("shut")
while not os.path.exists(where + ".read"):
    time.sleep(0.01)
say(attempt(lambda: s.recv(9)) + str(filled))
"""


def end_unheard(state, peer_ends):
    """A case: nothing the job sends arrives any more; it ends its stream, and is saved in this state."""

    def end_at_peer(stage, theirs, reached):
        theirs.sendall(b"end")
        theirs.shutdown(socket.SHUT_WR)
        wait_until(lambda: stage.states() == [reached], f"{reached}, not {stage.states()}")

    def case(stage):
        stage.build_network(2)
        job_host = stage.network.hosts[0]
        with stage.among_peers():
            server = socket.create_server(("10.77.0.2", 0))
        theirs = connect_half(stage, "pass", END_UNHEARD, server=server)
        server.close()
        if peer_ends == "before":
            end_at_peer(stage, theirs, "CLOSE-WAIT")
        stage.network.disturb(job_host, 100)
        stage.go()
        await_file(stage.where + ".shut")
        if peer_ends == "after":
            end_at_peer(stage, theirs, state)
        for _ in range(2):
            expect(stage.states() == [state], f"the state is {stage.states()}")
            stage.save()
        stage.save_and_kill()
        expect(stage.states() == [], f"there is still {stage.states()}")
        stage.network.let_be(job_host)
        stage.bring_back()
        got = read_all(theirs)
        expect(all(got[i] == i % 251 for i in range(len(got))), "the stream is another")
        if peer_ends == "never":
            theirs.sendall(b"end")
            theirs.close()
        with open(stage.where + ".read", "w", encoding="ascii"):
            pass
        said = await_file(stage.where + ".said")
        expect(said == f"b'end'{len(got)}", said)

    return case


CASES = {
    "the_end_is_under_way": end_unheard("FIN-WAIT-1", "never"),
    "both_ends_are_under_way": end_unheard("CLOSING", "after"),
    "the_last_end_is_under_way": end_unheard("LAST-ACK", "before"),
    **{
        case.__name__: case
        for case in (
            the_peer_had_ended,
            the_job_had_ended,
            both_have_ended,
            nobody_reads,
            much_is_unread,
            packets_wait_for_the_restore,
            the_hold_runs_out,
            a_restore_that_fails_harms_nothing,
            a_second_copy_is_refused,
            without_privilege_it_is_denied,
            the_options_come_back,
        )
    },
}
