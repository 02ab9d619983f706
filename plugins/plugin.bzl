"""task_kind_plugin: the library and the test of one task kind."""

def task_kind_plugin(name, deps = [], test_tags = []):
    """Declares //plugins/<name> from <name>_kind.{h,cc}, <name>_state.h and <name>_kind_test.cc.

    Args:
      name: the kind's folder.
      deps: what it needs beside the interfaces of kinds.
      test_tags: tags of the test.
    """
    native.cc_library(
        name = name,
        srcs = native.glob(["*.cc"], exclude = ["*_test.cc"]),
        hdrs = native.glob(["*.h"]),
        visibility = ["//plugins:__pkg__", "//tests:__subpackages__"],
        deps = [
            "//supervisor/kernel:own_capabilities",
            "//supervisor/kernel:task_status",
            "//supervisor/resource:kinds",
        ] + deps,
    )
    native.cc_test(
        name = name + "_kind_test",
        size = "small",
        srcs = [name + "_kind_test.cc"],
        tags = test_tags,
        deps = [
            ":" + name,
            "//tests/testing:practice_task",
            "@googletest//:gtest_main",
        ],
    )
