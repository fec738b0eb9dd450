"""Who may register: private identity, password, sets of public identities."""

import csv
import json
from dataclasses import dataclass

from sip.message import uri_parts


@dataclass(frozen=True)
class Subscriber:
    """One subscription; the identities of a set are registered together."""
    impi: str
    password: str
    sets: tuple[tuple[str, ...], ...]

    def set_of(self, impu):
        """Index of the implicit registration set with this identity."""
        wanted = normal(impu)
        for index, impus in enumerate(self.sets):
            if wanted in map(normal, impus):
                return index
        return None


def normal(impu):
    """An identity without what does not distinguish it."""
    scheme, user, host, _, parameters = uri_parts(impu)
    if scheme == "tel" or parameters.get("user") == "phone":
        return "tel:" + "".join(c for c in user if c not in "-.() ")
    return f"sip:{user}@{host}" if user else f"sip:{host}"


class Subscribers:
    """All subscriptions, found by private or public identity."""

    def __init__(self, entries):
        self.by_impi = {s.impi: s for s in entries}
        self.by_impu = {normal(i): s for s in entries
                        for impus in s.sets for i in impus}

    def __iter__(self):
        return iter(self.by_impi.values())

    def __len__(self):
        return len(self.by_impi)

    def impi(self, impi):
        return self.by_impi.get(impi)

    def impu(self, impu):
        return self.by_impu.get(normal(impu))


def generated(count, domain):
    """`count` subscribers that differ in one number only."""
    return [Subscriber(f"user{n:06}_private@{domain}", f"password-{n:06}",
                       ((f"sip:user{n:06}@{domain}", f"tel:+1555{n:07}"),))
            for n in range(count)]


def load(path):
    """Read a .json or .csv file; see `home_core --help` for the forms."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = json.load(file) if path.endswith(".json") else \
            [_csv_row(r) for r in csv.reader(file) if r and r[0][0] != "#"]
    return [Subscriber(row["impi"], row["password"],
                       tuple(map(tuple, row.get("sets") or [row["impus"]])))
            for row in rows]


def save(path, entries):
    """Write a .csv file that `load` reads."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        for s in entries:
            writer.writerow([s.impi, s.password,
                             "|".join(" ".join(i) for i in s.sets)])


def _csv_row(row):
    impi, password, sets = (cell.strip() for cell in row)
    return {"impi": impi, "password": password,
            "sets": [impus.split() for impus in sets.split("|")]}
