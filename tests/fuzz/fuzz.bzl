"""fuzz_target: a libFuzzer entry whose corpus is replayed as a plain test."""

def fuzz_target(name, deps):
    """NAME.cc defines LLVMFuzzerTestOneInput; corpus/NAME/ holds its inputs."""
    corpus = native.glob(["corpus/%s/*" % name])
    native.cc_library(
        name = name,
        testonly = True,
        srcs = [name + ".cc"],
        alwayslink = True,
        deps = deps,
    )
    native.cc_test(
        name = name + "_replay_test",
        size = "small",
        srcs = ["replay_main.cc"],
        args = ["$(location %s)" % file for file in corpus],
        data = corpus,
        deps = [":" + name],
    )
