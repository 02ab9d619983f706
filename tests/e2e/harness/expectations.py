"""What is known not to work, by name and with its reason.

Every entry is (program, variants, builds, reason); "*" stands for all.  An expected failure that
passes is a failure of the test: then its entry has to go.
"""

ROOT_VARIANTS = ("left_running", "kill_restore", "twice", "fifth", "foreground")

# Not run at all.
SKIPPED = (
    ("creds", ("unprivileged",), "*", "needs root"),
    ("creds_dropped", ("unprivileged",), "*", "needs root"),
    ("creds_thread", ("unprivileged",), "*", "needs root"),
    ("sched_realtime", ("unprivileged",), "*", "needs root"),
)

# Run, and known to fail.
EXPECTED_FAILURES = ()

# The snapshot is refused: the text has to be in the message, and the job has to go on unharmed.
REFUSED = {
    "refuse_bpf_map": "a BPF map, which cannot be saved",
    "refuse_fanotify": "a fanotify group, which cannot be saved",
    "refuse_fuse": "unmount that first",
    "refuse_inotify_unread": "unread events",
    "refuse_io_uring": "without io_uring",
    "refuse_kvm": "saved by its own monitor",
    "refuse_lease_breaking": "is being broken",
    "refuse_lease_mapped": "write lease",
    "refuse_mq_notify": "mq_notify",
    "refuse_netlink_audit": "audit",
    "refuse_netlink_unread": "unread messages",
    "refuse_other_name": "--save-files",
    "refuse_packet": "a packet socket, which cannot be saved",
    "refuse_perf": "stop measuring first",
    "refuse_pidfd": "not saved along",
    "refuse_proc": "not saved along",
    "refuse_raw_socket": "a raw network socket, which cannot be saved",
    "refuse_sem_shared": "is also used by process",
    "refuse_shm_shared": "also attached by a process that is not saved",
    "refuse_tcp_error": "error pending",
    "refuse_tcp_urgent": "urgent data",
    "refuse_tcp_waiting": "waits to be accepted",
    "refuse_udp_corked": "not sent yet",
    "refuse_unix_gone": "closed the connection before it was accepted",
    "refuse_unix_in_flight": "in flight",
    "refuse_unix_oob": "out-of-band",
    "refuse_unix_waiting": "waits to be accepted",
    "refuse_pty_locked": "TIOCSLCKTRMIOS",
    "refuse_userfaultfd": "userfaultfd",
    # Without --tree.
    "refuse_children": "--tree",
}

# Refused to an ordinary user, because the kernel denies it.
DENIED_UNPRIVILEGED = {
    "not_dumpable": "not dumpable",
    "seccomp": "CAP_SYS_ADMIN",
    "seccomp_strict_list": "CAP_SYS_ADMIN",
}

# Snapshotted with --tree, as is everything whose name begins with tree_.
TREE_PROGRAMS = ("call_wait4", "call_waitid")

# Trees that fork and exit all the time.
CHANGING_TREES = ("tree_busy", "tree_vfork")

# Its filters forbid the system calls of a snapshot: only --allow-fragile dares.
FRAGILE_PROGRAMS = ("seccomp_strict_list",)

# Need 2 MiB pages, which are made available for them where that is allowed.
HUGE_PAGE_PROGRAMS = ("mem_hugetlb",)

# Exit status of the tool for something that is not supported, or denied.
UNSUPPORTED_STATUS = 69
DENIED_STATUS = 77


def snapshot_flags(program):
    flags = ["--allow-fragile"] if program in FRAGILE_PROGRAMS else []
    if program.startswith("tree_") or program in TREE_PROGRAMS:
        flags.append("--tree")
    return flags


def refusal(program, variant):
    """The word and the exit status of a snapshot that is to be refused, or None."""
    if variant == "unprivileged" and program in DENIED_UNPRIVILEGED:
        return DENIED_UNPRIVILEGED[program], DENIED_STATUS
    if program in REFUSED:
        return REFUSED[program], UNSUPPORTED_STATUS
    return None


def _find(table, program, variant, build):
    for name, variants, builds, reason in table:
        if (
            name == program
            and (variants == "*" or variant in variants)
            and (builds == "*" or build in builds)
        ):
            return reason
    return None


def skip_reason(program, variant, build):
    return _find(SKIPPED, program, variant, build)


def expected_failure(program, variant, build):
    return _find(EXPECTED_FAILURES, program, variant, build)
