"""results.md: what was measured as tables that a person reads."""

from comparison import figures as names
from comparison import plan, targets

NOTHING = "–"

ABOUT = """\
Rounds: {rounds}. Each figure is the median, with the lowest and the highest
behind it. In each round each program was started anew, alone on one core, and
loaded by phones and a home core on another; the programs took turns, in
another order each round. CPU is user and system time of all processes of a
program, divided by the pieces of work; a phase with an error does not count.

Operations: a *re-REGISTER* and its 200 on a standing connection; a *MESSAGE*
from the core to a phone and its 200; a *handshake* is a connection, TLS, and
its end, *resumed* with a ticket; a *visit* is a connection, TLS, REGISTER,
401, REGISTER, 200, and the end. {in_flight} are in flight all the time.
"""

SHOWS_NOT = """\
- **The programs do different work.** HAProxy and nginx pass bytes on and know
  nothing of SIP: they open a connection to the core for every phone, and
  cannot say to the core who is protected. Kamailio stateless adds a Path and a
  Via. Kamailio stateful keeps a transaction. Its P-CSCF modules keep contacts,
  but bind no TLS session to an identity. Sallyport does.
- **CPU per operation** falls where a program is busy, because it then takes
  several messages at once; a program that waits for the load, or for a core
  (marked `°` below), looks dearer than it is. It contains the kernel's work for
  its sockets, and over 127.0.0.1 the sender's core also does most of the
  receiver's TCP, so a part of the load's is in it. A relay reads one message
  at a time from each of its connections to the core; the others read many from
  their one.
- **Throughput** is of one core in a closed loop on one machine. Where it is
  marked, the program could have done more.
- **Latency** contains the load's own share, and two or three hops over
  127.0.0.1 instead of a network. On a virtual machine the tail is often the
  host's.
- **Memory** is what the program's pages grow by (PSS) from its start until all
  phones are registered and idle, shared out among the phones. The kernel's
  memory for sockets is in no figure; the relays have twice as many. Kamailio
  and nginx have buffers that are part of their configuration, in bench/peers/.
- **Kamailio's P-CSCF modules** of Debian 12 add a callback to a contact with
  every 200 and never remove it, and keep a contact for each connection that a
  phone ever registered from. So their cost grows with the time that is
  measured.
- **The others use Debian's OpenSSL** and are Debian's builds; Sallyport is
  built here, for this generation of processors, with BoringSSL. All agree on
  TLS 1.3, TLS_AES_128_GCM_SHA256, X25519, an ECDSA P-256 certificate and one
  ticket.
- Nothing here shows several cores, TLS 1.2, packet loss, DNS, or a core that
  is slow.
"""


def write(results, sizes, programs, facts):
    """The whole text. `programs`: (name, title, version) in table order."""
    figures = names.Figures(results.records, sizes)
    parts = [
        "# Sallyport beside other programs",
        ABOUT.format(rounds=sizes.rounds, in_flight=sizes.in_flight),
        "## Targets", target_table(figures, sizes),
        "## CPU per operation (us)",
        operation_table(figures, sizes, programs, names.CPU),
        *instructions(results, figures, sizes, programs),
        "## Sallyport's share of their CPU",
        ratio_table(figures, sizes, programs),
        "## Throughput of one core (operations per second)",
        throughput_table(figures, sizes, programs),
        f"## Latency of {sizes.title(plan.LATENCY)} (us)",
        latency_table(figures, programs),
        "## Memory of an idle registered phone (bytes)",
        memory_table(results, figures, programs),
        "## Failures", failure_list(results, programs),
        "## What the figures do not show", SHOWS_NOT,
        "## Programs and machine", fact_table(programs, facts),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def table(head, rows):
    """Markdown; the first column is text, the others are numbers."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def number(value):
    """Three digits that count, and commas for thousands."""
    if value is None:
        return NOTHING
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cell(spread, mark=""):
    """`median (low–high)`."""
    if spread is None:
        return NOTHING
    text = number(spread.median) + mark
    if spread.count > 1:
        text += f" ({number(spread.low)}–{number(spread.high)})"
    return text


def target_table(figures, sizes):
    met = {None: "not measured", True: "**met**", False: "not met"}
    rows = [[sizes.fill(verdict.target.says), number(verdict.target.most),
             number(verdict.measured), met[verdict.met]]
            for verdict in targets.judge(figures, sizes)]
    return table(["target", "at most", "measured", ""], rows)


def by_program(first, rows, programs):
    return table([first, *(title for _, title, _ in programs)], rows)


def operation_table(figures, sizes, programs, figure):
    return by_program("operation", [
        [sizes.title(o)] + [cell(figures.get(name, o.key, figure))
                            for name, _, _ in programs]
        for o in plan.OPERATIONS], programs)


def instructions(results, figures, sizes, programs):
    """Nothing where the machine counts none."""
    counted = [r for r in results.records if names.INSTRUCTIONS in r]
    if not counted:
        return []
    of_kernel = all(r["instructions_of_kernel"] for r in counted)
    what = "user and system" if of_kernel else "user code only"
    return [f"## Instructions per operation ({what})",
            operation_table(figures, sizes, programs, names.INSTRUCTIONS)]


def ratio_table(figures, sizes, programs):
    others = [p for p in programs if p[0] != targets.OURS]
    return by_program("operation", [
        [sizes.title(o)] + [number(figures.ratio(targets.OURS, name, o.key))
                            for name, _, _ in others]
        for o in plan.OPERATIONS], others)


def throughput_table(figures, sizes, programs):
    rows = []
    for operation in plan.OPERATIONS:
        row = [sizes.title(operation)]
        for name, _, _ in programs:
            row.append(cell(
                figures.get(name, operation.key, names.THROUGHPUT),
                figures.marks(name, operation.key)))
        rows.append(row)
    return by_program("operation", rows, programs) + (
        "\n\n`*`: the load was the bottleneck in at least one round. `°`: the "
        "program used less than 90 % of its core, so something else held it "
        "up: the load, or what else ran on this machine.")


def latency_table(figures, programs):
    return by_program("percentile", [
        [title] + [cell(figures.get(name, plan.LATENCY.key, which))
                   for name, _, _ in programs]
        for title, which in (("50", names.P50), ("90", names.P90),
                             ("99", names.P99))], programs)


def memory_table(results, figures, programs):
    phones = {r["program"]: f"{r['connected']:,}" for r in results.records
              if r["run"] == plan.MEMORY.run and r["phase"] == "idle"}
    return by_program("", [
        ["phones"] + [phones.get(name, NOTHING) for name, _, _ in programs],
        ["bytes for each"] + [cell(figures.get(name, plan.MEMORY.key,
                                               names.PSS))
                              for name, _, _ in programs]], programs)


def failure_list(results, programs):
    titles = {name: title for name, title, _ in programs}
    return "\n".join(
        f"- {titles.get(f['program'], f['program'])}, round {f['round']}, "
        f"{f['phones']:,} phones: {f['reason']}"
        for f in results.failures) or "None."


def fact_table(programs, facts):
    rows = [[title, version] for _, title, version in programs]
    rows += [[name, str(value)] for name, value in facts.items()]
    return "\n".join(["| | |", "| --- | --- |"] +
                     [f"| {name} | {value} |" for name, value in rows])
