"""The control port: one JSON object per line, one answer per line.

Commands (field `cmd`) and their fields:
  bindings   impi?                      who is registered, where, for how long
  send       to, method?, body?, headers?, timeout_s?, path?
                                        a request to a registered identity;
                                        answers when its final response came.
                                        `path`: a list of Route values to use
                                        in the place of the registered Path
  shorten    to, expires_s, instance?   the network lets the bindings of an
                                        identity's set end sooner
  deactivate to, event?, instance?, retry_after_s?
                                        the network ends them; event is
                                        deactivated, rejected, probation,
                                        expired or unregistered
  subscriptions                         to registration state, with what each
                                        NOTIFY got and the present document
  notify     to?, number?, version?, body?, state?, event?, content_type?,
             call_id?, from_tag?, to_tag?, timeout_s?
                                        any NOTIFY in the dialog of the newest
                                        subscription (to this identity, with
                                        this number); the default is the
                                        present document with the next version
  forget                                lose all subscriptions, as in a restart
  seen       last?, after?, direction?, method?, status?, brief?
                                        the last messages, verbatim in `text`
                                        unless `brief`; `at` is the address
                                        through which they passed
  fault      kind, at?, method?, count?, delay_s?, status?, headers?,
             retry_after_s?, bytes_per_s?
                                        what the next `count` requests, or all
                                        until `clear`, get. kind: drop (no
                                        answer), delay (by delay_s), status
                                        (with retry_after_s), close, half_close
                                        (in mid-message), half_stall (half a
                                        message, and no more), drip (the
                                        answer at bytes_per_s)
  clear      at?                        ends all faults and silence
  silence    at?                        read everything, answer nothing
  hang_up    at?                        close every SIP connection
  shut       at?                        stop listening and close, as if down
  reopen     at?                        listen there again
                                        `at`: one of the core's own
                                        ADDRESS:PORT; without it, all of them
  edge       address                    ADDRESS:PORT[/udp|/tls] of the proxy's
                                        core listener, where requests to UEs go
  policy     any field of the registrar's policy, such as rechallenge
  events                                from now on one line per message
  shutdown
"""

import asyncio
import json
import time
from dataclasses import fields

from home_core.registrar import Policy
from home_core.relay import parse_edge


class Control:

    def __init__(self, core):
        self.core = core
        self.server = None
        self.writers = set()

    async def listen(self, host, port):
        self.server = await asyncio.start_server(self._serve, host, port,
                                                 limit=1 << 20)
        return self.server.sockets[0].getsockname()[:2]

    def close(self):
        self.server.close()
        for writer in self.writers:
            writer.close()

    async def _serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while line := await reader.readline():
                asyncio.ensure_future(self._answer(line, writer))
        except (OSError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def _answer(self, line, writer):
        """Answers carry the request's `id`; they may come out of order."""
        number = None
        try:
            request = json.loads(line)
            number = request.pop("id", None)
            command = getattr(self, f"_do_{request.pop('cmd')}", None)
            if not command:
                raise ValueError("no such cmd")
            result = await command(writer, **request) or {}
            answer = {"id": number, "ok": True} | result
        except Exception as error:  # a person reads it at the other end
            answer = {"id": number, "ok": False,
                      "error": f"{type(error).__name__}: {error}"}
        _write(writer, answer)

    # Commands.

    async def _do_bindings(self, _, impi=None):
        now, registrar = time.time(), self.core.registrar
        found = registrar.of_impi(impi, now) if impi else registrar.all(now)
        return {"bindings": [b.to_json(now) for b in found]}

    async def _do_send(self, _, to, method="MESSAGE", body="", headers=(),
                       timeout_s=35, path=()):
        response = await self.core.send_request(
            method, to, body.encode(), headers, timeout_s, path)
        return {"status": response.status,
                "text": response.raw.decode("latin-1")}

    async def _do_shorten(self, _, to, expires_s, instance=None):
        self.core.registrar.shorten(to, expires_s, time.time(), instance)
        self.core.watch_time()

    async def _do_deactivate(self, _, to, event="deactivated", instance=None,
                             retry_after_s=None):
        self.core.registrar.deactivate(to, time.time(), event, instance,
                                       retry_after_s)

    async def _do_subscriptions(self, _):
        now, notifier = time.time(), self.core.notifier
        return {"subscriptions": [{
            "number": s.number, "impu": s.impu, "impi": s.impi,
            "set": s.set_index, "call_id": s.call_id, "target": s.target,
            "from_tag": s.local_tag, "to_tag": s.remote_tag,
            "expires_s": round(s.expires_at - now), "version": s.version,
            "notified": s.notified,
            "document": notifier.document(s, now, s.version + 1).decode(),
        } for s in notifier.live.values()]}

    async def _do_notify(self, _, to=None, number=None, timeout_s=10,
                         **what):
        one = self.core.notifier.find(number, to)
        request = self.core.notifier.made(one, time.time(), **what)
        response = await self.core.ask(request, one, timeout_s)
        return {"status": response.status}

    async def _do_forget(self, _):
        self.core.notifier.forget()

    async def _do_seen(self, _, last=100, after=0, brief=False, **wanted):
        found = self.core.journal.last(last, after, **wanted)
        if brief:
            found = [r | {"text": ""} for r in found]
        return {"messages": found}

    async def _do_fault(self, _, at="", **settings):
        self.core.wires_at(at)
        self.core.faults.add(at=at, **settings)

    async def _do_clear(self, _, at=""):
        self.core.faults.clear(at)
        for wire in self.core.wires_at(at):
            wire.deaf = False

    async def _do_silence(self, _, at=""):
        for wire in self.core.wires_at(at):
            wire.deaf = True

    async def _do_hang_up(self, _, at=""):
        for wire in self.core.wires_at(at):
            for peer in wire.mine():
                peer.close()

    async def _do_shut(self, _, at=""):
        for wire in self.core.wires_at(at):
            wire.close()

    async def _do_reopen(self, _, at=""):
        for wire in self.core.wires_at(at):
            await wire.reopen()

    async def _do_edge(self, _, address):
        self.core.edge = parse_edge(address)

    async def _do_policy(self, _, **settings):
        known = {f.name for f in fields(Policy)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"no policy {name}")
            setattr(self.core.registrar.policy, name, value)

    async def _do_events(self, writer):
        listener = self.core.journal.listen()

        async def stream():
            try:
                while not writer.is_closing():
                    _write(writer, {"event": await listener.get()})
                    await writer.drain()
            except ConnectionError:
                pass
            finally:
                self.core.journal.listeners.discard(listener)
        asyncio.ensure_future(stream())

    async def _do_shutdown(self, _):
        self.core.stopped.set()


def _write(writer, answer):
    if not writer.is_closing():
        writer.write(json.dumps(answer).encode() + b"\n")
