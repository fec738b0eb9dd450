"""A fuzz target: one function, an ordinary test, and a real fuzzer."""

def fuzz_target(name, srcs, deps, seeds, data, copies = 20000, size = "medium"):
    """LLVMFuzzerTestOneInput in `srcs`.

    NAME_fuzz_test runs it over the seeds and over changed copies of each;
    NAME_fuzzer is the fuzzer, for --config=fuzz (tests/fuzz/run).

    Args:
      name: what is fuzzed.
      srcs: the target.
      deps: what it needs.
      seeds: files and folders, from the top of the tree.
      data: the labels of those files.
      copies: how many changed copies of each seed the test runs.
      size: of the test.
    """
    native.cc_library(
        name = name + "_fuzz",
        testonly = True,
        srcs = srcs,
        deps = deps,
        alwayslink = True,
    )
    native.cc_test(
        name = name + "_fuzz_test",
        size = size,
        args = ["--copies=%d" % copies] + seeds,
        data = data,
        deps = [
            ":" + name + "_fuzz",
            ":standalone_driver",
        ],
    )
    native.cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [
            ":" + name + "_fuzz",
            ":fuzzer_options",
        ],
    )
