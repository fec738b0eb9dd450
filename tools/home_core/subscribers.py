"""Who may register: private identity, password, sets of public identities."""

import csv
import json
import re
from dataclasses import dataclass

from sip.message import uri_parts

BARRED = "-"  # stands before an identity in a subscriber file


@dataclass(frozen=True)
class Subscriber:
    """One subscription; the identities of a set are registered together.

    An identity is written as in the file: `-sip:x@y` is barred, `sip:a!.*!@y`
    is a wildcard, whose part between the two `!` is a regular expression.
    """
    impi: str
    password: str
    sets: tuple[tuple[str, ...], ...]

    def set_of(self, impu):
        """Index of the set with this identity, barred or not."""
        wanted = normal(impu)
        for index in range(len(self.sets)):
            if wanted in map(normal, self.identities(index)):
                return index
        return None

    def serving(self, impu):
        """The same, but an identity that a wildcard covers counts, too."""
        exact = self.set_of(impu)
        if exact is not None:
            return exact
        return next((i for i in range(len(self.sets)) if any(
            covers(w, impu) for w in self.wildcards(i))), None)

    def identities(self, index):
        """All identities of a set, but no wildcards."""
        return [text.removeprefix(BARRED) for text in self.sets[index]
                if not is_wildcard(text)]

    def associated(self, index):
        """What P-Associated-URI and reg events show of a set."""
        # Source: TS 24.229 5.4.1.2.2F
        return [text for text in self.sets[index]
                if not is_wildcard(text) and not text.startswith(BARRED)]

    def wildcards(self, index):
        return [text for text in self.sets[index] if is_wildcard(text)
                and not text.startswith(BARRED)]

    def bars(self, impu):
        wanted = normal(impu)
        return any(normal(text.removeprefix(BARRED)) == wanted
                   for impus in self.sets for text in impus
                   if text.startswith(BARRED))


def is_wildcard(text):
    return text.count("!") == 2


def covers(wildcard, impu):
    """Whether this wildcard stands for this identity."""
    before, pattern, after = wildcard.split("!")
    parts = map(re.escape, (before, after))
    return bool(re.fullmatch(pattern.join(parts), normal(impu)))


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
                        for index in range(len(s.sets))
                        for i in s.identities(index)}
        self.by_wildcard = [(w, s) for s in entries
                            for index in range(len(s.sets))
                            for w in s.wildcards(index)]

    def __iter__(self):
        return iter(self.by_impi.values())

    def __len__(self):
        return len(self.by_impi)

    def impi(self, impi):
        return self.by_impi.get(impi)

    def impu(self, impu):
        """Whose identity this is; a wildcard counts after the others."""
        found = self.by_impu.get(normal(impu))
        return found or next((s for w, s in self.by_wildcard
                              if covers(w, impu)), None)


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
    return [_checked(Subscriber(
        row["impi"], row["password"],
        tuple(map(tuple, row.get("sets") or [row["impus"]]))))
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
            "sets": [impus.split() for impus in re.split(r"\|(?=-?\w+:)",
                                                         sets)]}


def _checked(subscriber):
    for index in range(len(subscriber.sets)):
        if not subscriber.identities(index):
            raise ValueError(f"{subscriber.impi}: a set without an identity")
        for wildcard in subscriber.wildcards(index):
            re.compile(wildcard.split("!")[1])
    return subscriber
