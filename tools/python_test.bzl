"""A test target for unittest modules in plain Python."""

def python_test(name, module, data = [], **kwargs):
    """Runs the unittest module of a dotted path below tools/, tests/ or bench/.

    Args:
      name: of the target.
      module: such as "ue.ue_test".
      data: the module's file and all that it imports and runs.
      **kwargs: as for any test.
    """
    native.sh_test(
        name = name,
        srcs = ["//tools:run_python_tests"],
        args = [module],
        data = data,
        **kwargs
    )
