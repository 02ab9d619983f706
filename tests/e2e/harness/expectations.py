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
    ("refuse_mapping_moved", ("unprivileged",), "*", "only root can tell it from a deleted file"),
    ("sched_realtime", ("unprivileged",), "*", "needs root"),
)

# Run, and known to fail.
EXPECTED_FAILURES = ()

# The snapshot is refused: the text has to be in the message, and the job has to go on unharmed.
REFUSED = {
    "refuse_address_limit": "RLIMIT_AS",
    "refuse_bpf_map": "a BPF map, which cannot be saved",
    "refuse_bpf_program": "a BPF program, which cannot be saved: what it was loaded with cannot be told",
    "refuse_clone_io_thread": "share an I/O context",
    "refuse_clone_outside": "share a descriptor table",
    "refuse_clone_vm": "share memory",
    "refuse_clone_vm_far": "share memory, though those who made them do not",
    "refuse_device": "the device /dev/kmsg",
    "refuse_droppable": "droppable memory",
    "refuse_epoll_elsewhere": "open in another process only",
    "refuse_epoll_shared_table": "CLONE_FILES",
    "refuse_executable_removed": "was removed or replaced",
    "refuse_exited_parent": "has exited while others go on",
    "refuse_fanotify": "permission events",
    "refuse_fanotify_unread": "unread events, which cannot be brought back",
    "refuse_fuse": "unmount that first",
    "refuse_inotify_gone": "whose path only root can find (or which was deleted)",
    "refuse_io_uring_disabled": "not enabled yet",
    "refuse_io_uring_eventfd": "has a registered eventfd",
    "refuse_io_uring_file": "has no descriptor (any more)",
    "refuse_io_uring_in_flight": "waits for files to become ready",
    "refuse_io_uring_iopoll": "IORING_SETUP_IOPOLL",
    "refuse_io_uring_no_descriptor": "has no descriptor, so that it cannot be looked into",
    "refuse_io_uring_numbered": "IORING_REGISTER_RING_FDS",
    "refuse_io_uring_provided": "has provided buffers",
    "refuse_io_uring_sqpoll": "IORING_SETUP_SQPOLL",
    "refuse_io_uring_thread": "that is not the main thread",
    "refuse_io_uring_timeout": "so that some are in flight",
    "refuse_io_uring_two_files": "it cannot be told which it is",
    "refuse_kvm": "saved by its own monitor",
    "refuse_landlock": "a Landlock ruleset, which cannot be saved",
    "refuse_lease_breaking": "is being broken",
    "refuse_lease_mapped": "write lease",
    "refuse_main_thread_killed": "was ended by signal",
    "refuse_mapping_moved": "another name only",
    "refuse_mdwe": "PR_SET_MDWE",
    "refuse_memfd_huge": "MFD_HUGETLB",
    "refuse_memfd_locked": "of a memfd yet; unlock it first",
    "refuse_memfd_sealed": "F_SEAL_FUTURE_WRITE",
    "refuse_mount_context": "a mount configuration context, which cannot be saved",
    "refuse_mq_notify": "no room beside its message",
    "refuse_mqueue_locked": "is locked",
    "refuse_mptcp": "an MPTCP socket, which cannot be saved",
    "refuse_msg_shared": "is also used by process",
    "refuse_namespace": "a uts namespace of its own",
    "refuse_namespace_file": "a UTS namespace, which cannot be saved",
    "refuse_netlink_audit": "audit",
    "refuse_netlink_group": "leave the group",
    "refuse_netlink_unread": "unread messages",
    "refuse_other_name": "--save-files",
    "refuse_owner": "F_SETOWN",
    "refuse_packet": "has unread packets",
    "refuse_packet_ring": "TPACKET_V3 can be saved",
    "refuse_perf": "stop measuring first",
    "refuse_pidfd": "not saved along",
    "refuse_pidfd_thread": "PIDFD_THREAD",
    "refuse_pipe_outside": "held by a process that is not saved",
    "refuse_pipe_packets": "both a stream of bytes and packets",
    "refuse_proc": "not saved along",
    "refuse_proc_directory": "a view of a running process",
    "refuse_proc_threads": "threads, descriptors or mappings",
    "refuse_pty_discipline": "line discipline",
    "refuse_pty_locked": "TIOCSLCKTRMIOS",
    "refuse_pty_news": "unread news of its state",
    "refuse_raw_socket": "has unread packets",
    "refuse_seccomp_listener": "a seccomp notification descriptor, which cannot be saved",
    "refuse_seccomp_strict": "strict mode",
    "refuse_secret_memory": "secret memory",
    "refuse_sem_shared": "is also used by process",
    "refuse_sem_thread": "undo values of semaphores of its own",
    "refuse_shm_shared": "also attached by a process that is not saved",
    "refuse_tcp_error": "error pending",
    "refuse_tcp_urgent": "urgent data",
    "refuse_tcp_waiting": "waits to be accepted",
    "refuse_thread_directory": "a working directory of its own",
    "refuse_thread_files": "a descriptor table of its own",
    "refuse_timer_of_other": "delete the timer first",
    "refuse_timer_of_thread": "delete the timer first",
    "refuse_udp_corked": "not sent yet",
    "refuse_unix_ebpf": "SO_ATTACH_BPF",
    "refuse_unix_error": "error pending",
    "refuse_unix_gone": "closed the connection before it was accepted",
    "refuse_unix_in_flight": "in flight",
    "refuse_unix_moved_on": "such a pair cannot be made",
    "refuse_unix_oob": "out-of-band",
    "refuse_unix_waiting": "waits to be accepted",
    "refuse_userfaultfd": "userfaultfd",
    "refuse_vfork": "waits in vfork(2)",
    "refuse_vsock": "a vsock socket, which cannot be saved",
    # Without --tree.
    "refuse_children": "--tree",
}

# Refused to an ordinary user, because the kernel denies it.
DENIED_UNPRIVILEGED = {
    "inotify_overflow": "unread events",
    "inotify_unread": "unread events",
    "ipc_mq_notify": "only root can see",
    "not_dumpable": "not dumpable",
    "seccomp": "CAP_SYS_ADMIN",
    "seccomp_strict_list": "CAP_SYS_ADMIN",
}

# Snapshotted with --tree, as is everything whose name begins with tree_.
TREE_PROGRAMS = (
    "call_wait4",
    "call_waitid",
    "refuse_clone_vm_far",
    "refuse_epoll_elsewhere",
    "refuse_epoll_shared_table",
    "refuse_exited_parent",
    "refuse_vfork",
)

# Trees that fork and exit all the time.
CHANGING_TREES = ("tree_busy", "tree_spawn_loop", "tree_vfork")

# Whose descriptors come and go all the time.
CHANGING_DESCRIPTORS = ("accept_late",)

# Its filters forbid the system calls of a snapshot: only --allow-fragile dares.
FRAGILE_PROGRAMS = ("seccomp_strict_list",)

# Need 2 MiB pages, which are made available for them where that is allowed.
HUGE_PAGE_PROGRAMS = ("mem_hugetlb",)

# Have sockets of ICMP echo messages, which net.ipv4.ping_group_range has to allow.
PING_PROGRAMS = ("ping_socket",)

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
