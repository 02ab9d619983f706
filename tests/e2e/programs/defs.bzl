"""e2e_programs: one C file each, built against three C libraries."""

_COPTS = "-O2 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -pthread -I."

_COMPILERS = {
    "dynamic": "$(CC) %s -pie" % _COPTS,
    "static": "$(CC) %s -static" % _COPTS,
    "musl": "musl-gcc %s -static" % _COPTS,
}

# Programs that a C library cannot build, by kind of build: none so far.
CANNOT_BUILD = {
    "dynamic": [],
    "static": [],
    "musl": [],
}

def e2e_programs(name, programs):
    """Builds dynamic/P, static/P and musl/P for every P.c, and a filegroup `name` of them all."""
    outs = []
    for program in programs:
        for build, compiler in _COMPILERS.items():
            if program in CANNOT_BUILD[build]:
                continue
            out = "%s/%s" % (build, program)
            outs.append(out)
            native.genrule(
                name = "%s_%s" % (program, build),
                srcs = [program + ".c"],
                tools = [":shared_sources"],
                outs = [out],
                testonly = True,
                cmd = "%s $(location %s.c) -o $@" % (compiler, program),
                toolchains = ["@bazel_tools//tools/cpp:current_cc_toolchain"],
            )
    native.filegroup(
        name = name,
        srcs = outs,
        testonly = True,
        visibility = ["//tests:__subpackages__"],
    )
