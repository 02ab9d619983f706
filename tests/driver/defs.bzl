"""tool_test: a Python test that calls the built commands on real processes."""

_COMMANDS = ["//supervisor/main:" + name for name in ["inspect", "restore", "snapshot"]]

def tool_test(
        name,
        src,
        args = [],
        data = [],
        shards = None,
        needs_tool = True,
        timeout = "moderate",
        exclusive = False):
    """Runs the script `src` outside the sandbox: it needs real processes, users and namespaces.

    `exclusive`: alone on the machine, because it takes every processor or minds the others doing so.
    """
    native.sh_test(
        name = name,
        srcs = [src],
        args = (["--tool-dir", "supervisor/main"] if needs_tool else []) + args,
        data = data + ["//tests/driver"] + (_COMMANDS if needs_tool else []),
        shard_count = shards,
        timeout = timeout,
        # Never from a cache: what is tested depends on the kernel as well.
        tags = ["local", "external"] + (["exclusive"] if exclusive else []),
    )
