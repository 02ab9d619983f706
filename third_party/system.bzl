"""Everything external comes from Debian packages; nothing is downloaded."""

_LIBRARIES = ["googletest", "libelf", "libunwind_ptrace", "libibverbs", "cli11", "nlohmann_json", "xxhash", "libsodium"]

# Repositories Bazel 4.2.3 would otherwise fetch over the network.
_RULES = {
    "platforms": "/usr/share/bazel/platforms",
    "rules_cc": "third_party/rules_cc",
    "remote_coverage_tools": "third_party/remote_coverage_tools",
    "rules_java": "/usr/share/bazel/rules/java",
    "rules_proto": "/usr/share/bazel/rules/proto",
}

def system_libraries():
    for name, path in _RULES.items():
        native.local_repository(name = name, path = path)
    for name in _LIBRARIES:
        native.new_local_repository(
            name = name,
            path = "third_party/empty",
            build_file = "//third_party:%s.BUILD" % name,
        )
