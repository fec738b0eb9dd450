"""Each rule flags a small tree that breaks it, and passes one that does not."""

import unittest

import build_files
import rules
import sizes

# Joined, so that this file passes the rules that it tests.
_LATER = "TO" + "DO"
_HOST = "deb.deb" + "ian.org"
_PLACE = "/ro" + "ot/x"


def _header(path, body=""):
    guard = path.upper().replace("/", "_").replace(".", "_") + "_"
    return {path: f"#ifndef {guard}\n#define {guard}\n{body}\n#endif  // {guard}\n"}


def _include(path, *headers):
    return {path: "".join(f"#include {h}\n" for h in headers)}


# rule, what the row shows, the tree
BAD = [
    (rules.arrows, "core sees net",
     _include("core/sip/a.cc", '"net/ring.h"')),
    (rules.arrows, "core sees proxy",
     _include("core/a.cc", '"proxy/shard.h"')),
    (rules.arrows, "core has a thread", _include("core/a.h", "<thread>")),
    (rules.arrows, "core has an atomic", _include("core/a.h", "<atomic>")),
    (rules.arrows, "core has a socket",
     _include("core/a.cc", "<sys/socket.h>")),
    (rules.arrows, "core has a descriptor", _include("core/a.cc", "<unistd.h>")),
    (rules.arrows, "net sees the protocol",
     _include("net/ring.cc", '"core/sip/message.h"')),
    (rules.arrows, "net sees the program",
     _include("net/ring.cc", '"proxy/shard.h"')),
    (rules.arrows, "net outside net/tls sees BoringSSL",
     _include("net/ring.cc", "<openssl/ssl.h>")),
    (rules.arrows, "proxy sees BoringSSL",
     _include("proxy/main.cc", "<openssl/ssl.h>")),
    (rules.arrows, "proxy sees io_uring",
     _include("proxy/main.cc", "<liburing.h>")),
    (rules.arrows, "net sees HTTP", _include("net/admin.cc", "<httplib.h>")),
    (rules.arrows, "proxy includes a benchmark",
     _include("proxy/main.cc", '"bench/load.h"')),
    (rules.arrows, "net includes a test",
     _include("net/a_test.cc", '"tests/sim/network.h"')),
    (rules.calls, "core reads a clock",
     {"core/a.cc": "auto t = std::chrono::steady_clock::now();\n"}),
    (rules.calls, "core asks for chance",
     {"core/a.cc": "std::random_device chance;\n"}),
    (rules.calls, "goto", {"net/a.cc": "  goto done;\n"}),
    (rules.calls, "an exception", {"proxy/a.cc": "  throw 1;\n"}),
    (rules.header_guards, "no guard", {"core/a.h": "int a;\n"}),
    (rules.header_guards, "guard of another place",
     {"core/sip/a.h": list(_header("core/a.h").values())[0]}),
    (rules.macros, "a macro", _header("core/a.h", "#define TWICE(x) x x")),
    (rules.finished, "unfinished", {"docs/a.md": f"{_LATER}: more\n"}),
    (rules.no_place, "a folder of one machine", {"tools/x": f"cd {_PLACE}\n"}),
    (rules.no_place, "a mirror", {"tools/setup": f"URIs: {_HOST}\n"}),
    (rules.clauses, "a source without a clause",
     {"core/a.cc": "// Source: the usual practice\n"}),
    (rules.folders, "sources without BUILD", {"core/x/a.cc": ""}),
    (rules.folders, "BUILD without a sentence",
     {"core/x/BUILD.bazel": 'cc_library(name = "x")\n'}),
    (rules.top_level, "a drawer", {"third_party/x.BUILD": ""}),
    (build_files.declared, "an undeclared header",
     {"core/BUILD.bazel": "cc_library(name='a', srcs=['a.cc'])\n"
                          "cc_library(name='b', hdrs=['b.h'])\n",
      "core/b.h": "", **_include("core/a.cc", '"core/b.h"')}),
    (build_files.declared, "a header of an indirect dep",
     {"core/BUILD.bazel": "cc_library(name='a', srcs=['a.cc'], deps=[':b'])\n"
                          "cc_library(name='b', hdrs=['b.h'], deps=[':c'])\n"
                          "cc_library(name='c', hdrs=['c.h'])\n",
      "core/b.h": "", "core/c.h": "", **_include("core/a.cc", '"core/c.h"')}),
    (build_files.declared, "an undeclared library",
     {"net/BUILD.bazel": "cc_library(name='a', srcs=['a.cc'])\n",
      **_include("net/a.cc", "<liburing.h>")}),
    (build_files.dead_files, "a dead file",
     {"core/BUILD.bazel": "cc_library(name='a', srcs=['a.cc'])\n",
      "core/a.cc": "", "core/b.cc": ""}),
]

GOOD = {
    "BUILD.bazel": "# The top folder.\nexports_files(['WORKSPACE'])\n",
    "core/base/BUILD.bazel":
        "# Small value types.\ncc_library(name='base', hdrs=glob(['*.h']),"
        " visibility=select({'a': ['//net:__pkg__']}))\n",
    **_header("core/base/counter.h", "#include <atomic>"),
    "net/tls/BUILD.bazel":
        "# TLS as an engine of bytes.\nalias(name='boringssl', actual='@boringssl//:ssl')\n"
        "[cc_library(name=n, srcs=[n + '.cc'], hdrs=[n + '.h'],"
        " deps=[':boringssl', '//core/base', '@com_google_absl//absl/strings:s'])"
        " for n in ['engine']]\n",
    **_header("net/tls/engine.h", "// Source: RFC 8446 4.1.2; TS 24.229 5.2.2"),
    **_include("net/tls/engine.cc", '"net/tls/engine.h"', "<openssl/ssl.h>",
               '"core/base/counter.h"', '"absl/strings/match.h"'),
    "net/x.md": "A comment on goto, throw and now() is none of it.\n",
}


class RulesTest(unittest.TestCase):

    def test_each_bad_tree_is_flagged(self):
        for rule, shows, tree in BAD:
            with self.subTest(shows):
                self.assertTrue(list(rule(tree)))

    def test_a_good_tree_passes_every_rule(self):
        for rule in rules.ALL + build_files.ALL:
            with self.subTest(rule.__name__):
                self.assertEqual(list(rule(GOOD)), [])

    def test_every_rule_has_a_bad_tree(self):
        self.assertEqual({row[0] for row in BAD},
                         set(rules.ALL + build_files.ALL))

    def test_words_in_comments_and_strings_are_no_calls(self):
        tree = {"core/a.cc": '// goto\n/* now()\n */ log("throw now()");\n'}
        self.assertEqual(list(rules.calls(tree)), [])

    def test_a_function_is_measured_from_its_signature(self):
        text = "int Add(int a,\n        int b) {\n  return a + b;\n}\n"
        self.assertEqual(list(sizes.functions("a.cc", text)),
                         [(4, "a.cc:1 Add")])


if __name__ == "__main__":
    unittest.main()
