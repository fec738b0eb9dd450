"""Pictures of the results: one SVG for each question."""

import os

import matplotlib

from comparison import figures as names
from comparison import plan, targets
from comparison.report import number

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

OURS, OTHERS = "#0b6e4f", "#9aa5b1"
SHADES = {names.P50: "#9ad1b6", names.P90: "#4fa57f", names.P99: "#0b6e4f"}


def draw(results, sizes, programs, folder):
    """Writes all pictures; their files."""
    figures = names.Figures(results.records, sizes)
    pictures = {
        "cpu.svg": operations(figures, sizes, programs, names.CPU,
                              "CPU time of one operation",
                              "us of CPU (lower is better)"),
        "throughput.svg": operations(figures, sizes, programs,
                                     names.THROUGHPUT,
                                     "Throughput of one core, closed loop",
                                     "per second (higher is better)"),
        "latency.svg": latency(figures, sizes, programs),
        "memory.svg": memory(figures, programs),
    }
    for name, picture in pictures.items():
        picture.savefig(os.path.join(folder, name))
        plt.close(picture)
    return sorted(pictures)


def operations(figures, sizes, programs, name, title, unit):
    """A panel of bars for each operation, each with its own scale."""
    columns = 2
    rows = -(-len(plan.OPERATIONS) // columns)
    picture, panels = plt.subplots(rows, columns, figsize=(11, 2.2 * rows + 1),
                                   layout="constrained")
    picture.suptitle(f"{title} (median, lowest to highest of "
                     f"{sizes.rounds} rounds)")
    for panel in panels.flat[len(plan.OPERATIONS):]:
        panel.set_visible(False)
    for operation, panel in zip(plan.OPERATIONS, panels.flat):
        panel.set_title(sizes.title(operation), fontsize=10)
        panel.set_xlabel(unit, fontsize=8)
        bars(panel, programs, [figures.get(p[0], operation.key, name)
                               for p in programs])
    return picture


def bars(panel, programs, spreads):
    """A bar with its spread and its number for each program measured."""
    rows = [(p, s) for p, s in zip(programs, spreads) if s]
    for place, ((name, _, _), spread) in enumerate(rows):
        panel.barh(place, spread.median,
                   color=OURS if name == targets.OURS else OTHERS,
                   xerr=[[spread.median - spread.low],
                         [spread.high - spread.median]],
                   error_kw={"ecolor": "#333333", "capsize": 2})
        panel.annotate(number(spread.median), (spread.high, place),
                       xytext=(4, 0), textcoords="offset points", va="center",
                       fontsize=8)
    panel.set_yticks(range(len(rows)), [title for (_, title, _), _ in rows],
                     fontsize=8)
    finish(panel)


def finish(panel):
    """Room for the numbers, the first program at the top, few lines."""
    panel.margins(x=0.18)
    panel.set_xlim(left=0)
    panel.invert_yaxis()
    panel.tick_params(axis="x", labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)


def latency(figures, sizes, programs):
    picture, panel = plt.subplots(figsize=(9, 5), layout="constrained")
    panel.set_title(f"Latency of {sizes.title(plan.LATENCY)}, "
                    f"{sizes.few} phones (median of rounds)")
    rows = [p for p in programs
            if figures.get(p[0], plan.LATENCY.key, names.P50)]
    for shift, (which, shade) in enumerate(SHADES.items()):
        values = [figures.median(name, plan.LATENCY.key, which)
                  for name, _, _ in rows]
        drawn = panel.barh([place + 0.26 * (shift - 1)
                            for place in range(len(rows))], values,
                           height=0.24, color=shade,
                           label=which.removesuffix("_us").replace("p", "")
                           + "th percentile")
        panel.bar_label(drawn, [number(v) for v in values], padding=3,
                        fontsize=8)
    panel.set_yticks(range(len(rows)), [title for _, title, _ in rows])
    panel.set_xlabel("us (lower is better)")
    if rows:
        panel.legend(fontsize=8, frameon=False)
    finish(panel)
    return picture


def memory(figures, programs):
    picture, panel = plt.subplots(figsize=(9, 4), layout="constrained")
    panel.set_title("Memory of one idle registered phone")
    panel.set_xlabel("bytes of PSS, without the kernel's sockets "
                     "(lower is better)")
    bars(panel, programs, [figures.get(p[0], plan.MEMORY.key, names.PSS)
                           for p in programs])
    return picture
