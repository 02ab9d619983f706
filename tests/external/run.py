#!/usr/bin/env python3
"""Jobs whose sockets lead to processes that are not saved, and trees whose do not.

  run.py [--tool-dir DIR] [--only NAME[,NAME]] [-v]
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver")]

import proc
import programs
import tool as tools
from checks import Failed, expect
from stage import UNSUPPORTED, Stage, await_file

REPOSITORY = os.path.realpath(os.path.join(HERE, "..", ".."))


def a_client_of_somebody_else_is_refused(stage):
    server = stage.server()
    stage.start(programs.CLIENT)
    theirs, _ = server.accept()
    stage.refused(f"is connected to process {os.getpid()} (", "--tree", "--external close")
    expect(theirs.recv(100) == b"hello", "the job's words were lost")
    theirs.send(b"unharmed")
    expect(stage.result() == "5 b'unharmed'", "the job was harmed")


def a_client_of_somebody_else_finds_a_hangup(stage):
    server = stage.server()
    stage.start(programs.CLIENT)
    theirs, _ = server.accept()
    theirs.send(b"last words")
    stage.kill_and_restore("--external", "close")
    said = stage.result()
    expect(said == "BrokenPipeError b'last words'", said)


def a_client_of_somebody_else_connects_again(stage):
    server = stage.server()
    stage.start(programs.CLIENT)
    before, _ = server.accept()
    stage.kill_and_restore("--external", "reconnect")
    expect(before.recv(100) == b"hello" and before.recv(100) == b"", "the old one is not closed")
    theirs, _ = server.accept()
    theirs.send(b"welcome back")
    expect(stage.result() == "5 b'welcome back'", "the job did not get it")
    expect(theirs.recv(100) == b"again", "nothing came")


def unread_words_stand_against_connecting_again(stage):
    server = stage.server()
    stage.start(programs.CLIENT)
    theirs, _ = server.accept()
    theirs.send(b"unread")
    stage.refused("holds 6 unread bytes", args=("--external", "reconnect"))
    expect(stage.result() == "5 b'unread'", "the job was harmed")


def a_pair_cannot_be_connected_again(stage):
    ours, its = socket.socketpair()
    stage.start(programs.INHERITOR, its.fileno(), fds=(its.fileno(),))
    its.close()
    stage.refused("was not connected to an address", args=("--external", "reconnect"))
    stage.refused("is connected to process", "--external close")
    ours.send(b"kept")
    stage.kill_and_restore("--external", "close")
    said = stage.result()
    expect(said == "b'kept' b''", said)


def who_waits_is_refused_or_dropped(stage):
    stage.start(programs.LISTENER)
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(stage.where + ".server")
    stage.refused("has not accepted yet the connection of process", "--external close")
    stage.kill_and_restore("--external", "close")
    try:
        raise Failed(f"there was no hangup, but {client.recv(1)}")
    except ConnectionResetError:
        pass
    late = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    late.connect(stage.where + ".server")
    late.send(b"late")
    said = stage.result()
    expect(said == "b'late'", said)


def datagrams_go_on(stage):
    server = stage.server(socket.SOCK_DGRAM)
    stage.start(programs.DATAGRAMS)
    stage.refused("is connected to process")
    stage.kill_and_restore("--external", "reconnect")
    expect(stage.result() == "5", "it was not sent")
    expect(server.recv(100) == b"hello" and server.recv(100) == b"again", "nothing came")


def a_name_in_use_is_left_alone(stage):
    stage.start(programs.LISTENER)
    error = stage.snapshot()
    expect(error is None, f"{error}")
    try:
        stage.tool.run("restore", stage.image, "--detach")
    except tools.ToolError as refused:
        expect(refused.rc == UNSUPPORTED and "is in use" in refused.text, refused.text)
    else:
        raise Failed("two jobs listen at one name")
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(stage.where + ".server")
    client.send(b"here")
    expect(stage.result() == "b'here'", "the first job lost its name")


def tcp_server():
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(10)
    return server, server.getsockname()[1]


def a_tcp_client_of_somebody_else_is_refused(stage):
    server, port = tcp_server()
    stage.start(programs.TCP_CLIENT, port)
    theirs, _ = server.accept()
    stage.refused(
        f"is connected to 127.0.0.1:{port}, process {os.getpid()} (", "--tree", "--external close"
    )
    stage.refused("--external close", args=("--external", "reconnect"))
    expect(theirs.recv(100) == b"hello", "the job's words were lost")
    theirs.send(b"unharmed")
    theirs.close()
    expect(stage.result() == "b'unharmed' b''", "the job was harmed")


def a_tcp_client_of_somebody_else_is_reset(stage):
    server, port = tcp_server()
    stage.start(programs.TCP_CLIENT, port)
    theirs, _ = server.accept()
    theirs.send(b"last words")
    stage.kill_and_restore("--external", "close")
    theirs.settimeout(10)
    expect(theirs.recv(100) == b"hello", "the job's words were lost")
    said = stage.result()
    expect(said == "b'last words' ConnectionResetError", said)


def attempt_to_read(sock):
    sock.settimeout(10)
    try:
        return sock.recv(1)
    except ConnectionResetError:
        return "reset"


def prepare_from_outside(stage, text, knock):
    """Starts a job that has a port, and lets `knock` come there before it goes on."""
    job = stage.start_until(text, stage.where + ".port")
    outside = knock(int(job))
    with open(stage.where + ".connected", "w", encoding="ascii"):
        pass
    await_file(stage.where + ".ready")
    return outside


def who_waits_for_a_tcp_listener_is_refused_or_dropped(stage):
    outside = prepare_from_outside(
        stage, programs.TCP_LISTENER, lambda port: socket.create_connection(("127.0.0.1", port))
    )
    stage.refused(f"process {os.getpid()} (", "waits to be accepted", "--external close")
    stage.kill_and_restore("--external", "close")
    expect(attempt_to_read(outside) == "reset", "the connection lives")
    said = stage.result()
    expect(said == "TimeoutError", said)


def a_datagram_of_somebody_else_is_refused_or_dropped(stage):
    def knock(port):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("127.0.0.1", 0))
        sender.sendto(b"hello", ("127.0.0.1", port))
        return sender

    sender = prepare_from_outside(stage, programs.UDP_RECEIVER, knock)
    stage.refused(f"process {os.getpid()} (", "unread datagram", "--external close")
    stage.kill_and_restore("--external", "close")
    sender.close()
    said = stage.result()
    expect(said == "TimeoutError", said)


def a_tree_keeps_its_sockets(stage):
    stage.start(programs.TREE)
    stage.kill_and_restore("--tree")
    said = stage.result()
    wanted = [b"from the child with a pipe", b"piped", b"from the client", b"waited"]
    expect(said == repr(wanted + [[True] * 3, True, 7]), said)


CASES = (
    a_client_of_somebody_else_is_refused,
    a_client_of_somebody_else_finds_a_hangup,
    a_client_of_somebody_else_connects_again,
    unread_words_stand_against_connecting_again,
    a_pair_cannot_be_connected_again,
    who_waits_is_refused_or_dropped,
    datagrams_go_on,
    a_name_in_use_is_left_alone,
    a_tcp_client_of_somebody_else_is_refused,
    a_tcp_client_of_somebody_else_is_reset,
    who_waits_for_a_tcp_listener_is_refused_or_dropped,
    a_datagram_of_somebody_else_is_refused_or_dropped,
    a_tree_keeps_its_sockets,
)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tool-dir", default=os.path.join(REPOSITORY, "bazel-bin/supervisor/main"))
    parser.add_argument("--only")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    proc.become_subreaper()
    scratch = tools.scratch_dir("ext.")
    tool = tools.Tool(arguments.tool_dir, scratch, arguments.verbose)
    failures = 0
    for number, case in enumerate(CASES):
        if arguments.only and case.__name__ not in arguments.only.split(","):
            continue
        directory = os.path.join(scratch, str(number))  # The names of sockets are short.
        os.mkdir(directory)
        stage = Stage(tool, directory)
        why = ""
        try:
            case(stage)
        except (Failed, tools.ToolError, OSError, ValueError, subprocess.SubprocessError) as failure:
            why = f"{type(failure).__name__}: {failure}"
        finally:
            stage.clean_up()
        failures += bool(why)
        print(f"{'FAIL' if why else 'PASS'} external/{case.__name__}{': ' + why if why else ''}", flush=True)
    if failures == 0:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
