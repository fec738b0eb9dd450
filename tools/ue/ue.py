"""The phone: one device of one subscriber, registered at one proxy."""

import asyncio
import secrets
import uuid
from dataclasses import dataclass, field

from sip import digest
from sip.message import (Message, address, new_branch, new_tag, response_to,
                         uri_parts)
from ue import flow as flows

TIMEOUT_S = 15


@dataclass(frozen=True)
class Edge:
    """Where the proxy is reached."""
    tls: tuple
    sip: tuple | None = None


@dataclass
class Received:
    """A message, the flow that brought it, and how often we saw it."""
    message: Message
    flow: object = field(repr=False)


class Ue:
    """Registers, sends, answers, and remembers all that it received.

    By default its Contact shows a private address, as behind a NAT: nobody can
    reach it there, only over its connection.
    """

    def __init__(self, impi, password, impu, edge, tls=flows.TlsOptions(),
                 contact_host="192.168.1.10:5062", instance=None):
        self.impi, self.impu, self.edge, self.tls = impi, impu, edge, tls
        self.domain = uri_parts(impu)[2]
        self.user = uri_parts(impu)[1]
        self.contact_host = contact_host
        self.instance = instance or f"<urn:uuid:{uuid.uuid4()}>"
        self.context = tls.context()
        self.answerer = digest.Answerer(impi, password)
        self.flow = None  # the TLS connection
        self.clear = None  # TCP or UDP, before TLS
        self.session = None  # of TLS, to resume
        self.call_id = f"{secrets.token_hex(8)}@{contact_host.split(':')[0]}"
        self.from_tag = new_tag()
        self.cseq = 0
        self.sec_agree = False
        self.security_server = []
        self.service_route = []
        self.associated = []
        self.granted_s = 0
        self.inbox = asyncio.Queue()  # requests
        self.seen = []  # everything, as Received
        self.waiting = {}  # transaction -> queue of responses
        self.answer = lambda request: 200  # status for a request, or None
        self.trace = lambda direction, message: None

    # Connections.

    async def connect(self, resume=False, local=None):
        """Open TLS; with `resume`, offer the ticket of the last session."""
        self.flow = await flows.connect_tls(
            self.edge.tls, self._on_message, self.context,
            self.tls.server_name or self.edge.tls[0],
            self.session if resume else None, local)
        self.flow.ended.add_done_callback(lambda _: self._wake())
        return self.flow

    async def connect_clear(self, protocol="tcp"):
        connect = {"tcp": flows.connect_tcp, "udp": flows.connect_udp}
        self.clear = await connect[protocol](self.edge.sip, self._on_message)
        return self.clear

    def drop(self, reset=False):
        """Lose the TLS connection, keeping the ticket."""
        self.session = self.flow.session
        if reset:
            self.flow.abort()
        else:
            self.flow.close()

    async def reconnect(self):
        """A new connection with the ticket of the lost one."""
        if self.flow.open:
            self.drop()
        return await self.connect(resume=True)

    def close(self):
        for one in (self.flow, self.clear):
            if one and one.open:
                one.close()

    # Registration.

    async def register(self, expires=3600):
        """TLS first: connect, be challenged, answer. The last response."""
        if not self.flow or not self.flow.open:
            await self.connect()
        response = await self.register_once(expires=expires)
        if response.status == 401:
            response = await self.register_once("answer", expires=expires)
        return response

    async def register_sec_agree(self, expires=3600, protocol="tcp"):
        """In clear up to the challenge, then on a TLS connection."""
        self.sec_agree = True
        await self.connect_clear(protocol)
        response = await self.register_once("blank", self.clear,
                                            expires=expires)
        if response.status != 401:
            return response
        await self.connect()
        return await self.register_once("answer", expires=expires)

    async def refresh(self, expires=3600, how="blank"):
        """Re-REGISTER; without a response unless somebody asks for one."""
        response = await self.register_once(how, expires=expires)
        if response.status == 401:
            response = await self.register_once("answer", expires=expires)
        return response

    async def deregister(self, star=False):
        return await self.refresh(0) if not star else \
            await self.register_once("blank", contact="*", expires=0)

    async def register_once(self, authorization=None, flow=None,
                            timeout_s=TIMEOUT_S, **changes):
        """One REGISTER and its final response; learns from the response."""
        request = self.make_register(authorization, flow, **changes)
        response = await self.ask(request, flow, timeout_s)
        self.learn(response)
        return response

    def make_register(self, authorization=None, flow=None, expires=3600,
                      contact=None, impu=None, extra=()):
        """authorization: None, "blank", "answer", or a whole value.

        extra: further header fields, as (name, value).
        """
        self.cseq += 1
        uri = f"sip:{self.domain}"
        request = self._start("REGISTER", uri, impu or self.impu, flow)
        request.add("call-id", self.call_id)
        request.add("cseq", f"{self.cseq} REGISTER")
        request.add("contact", contact or f"{self.contact};expires={expires}")
        if contact == "*":
            request.add("expires", expires)
        if authorization == "blank":
            authorization = self.answerer.blank(self.domain, uri)
        elif authorization == "answer":
            authorization = self.answerer.answer("REGISTER", uri)
        if authorization:
            request.add("authorization", authorization)
        request.add("supported", "path")
        if self.sec_agree:
            request.add("require", "sec-agree")
            request.add("proxy-require", "sec-agree")
            request.add("security-client", "tls;q=0.9")
        self._verify(request, flow)
        for name, value in extra:
            request.add(name, value)
        return request

    @property
    def contact(self):
        return (f"<sip:{self.user}@{self.contact_host};transport=tls>;"
                f"+sip.instance=\"{self.instance}\"")

    def _verify(self, request, flow):
        if self.sec_agree and flow in (None, self.flow):
            for value in self.security_server:
                request.add("security-verify", value)

    def learn(self, response):
        if response.status == 401:
            self.answerer.learn(response.all("www-authenticate"))
            self.security_server = (response.all("security-server")
                                    or self.security_server)
        elif response.status == 200:
            self.service_route = response.all("service-route")
            self.associated = [address(v)[0] for v in
                               response.all("p-associated-uri")]
            self.granted_s = self._granted(response)

    def _granted(self, response):
        for value in response.all("contact"):
            uri, parameters = address(value)
            if parameters.get("+sip.instance", "").strip('"') == self.instance:
                return int(parameters.get("expires", 0))
        return 0

    # Other requests.

    def make(self, method, to, body=b"", **fields):
        """A request outside of dialogs, along the Service-Route."""
        request = self._start(method, to, self.impu, None, to)
        request.add("call-id", f"{secrets.token_hex(8)}@{self.domain}")
        request.add("cseq", f"1 {method}")
        route = [f"<sip:{_host(self.edge.tls)};transport=tls;lr>"]
        request.add("route", ", ".join(route + self.service_route))
        if method in ("INVITE", "SUBSCRIBE"):
            request.add("contact", self.contact)
        if self.sec_agree:
            request.add("require", "sec-agree")
            request.add("proxy-require", "sec-agree")
            self._verify(request, None)
        for name, value in fields.items():
            request.add(name.replace("_", "-"), value)
        if body:
            request.add("content-type", "text/plain")
            request.body = body
        return request

    async def message(self, to, body="hello", timeout_s=TIMEOUT_S):
        return await self.ask(self.make("MESSAGE", to, body.encode()),
                              timeout_s=timeout_s)

    async def options(self, to, timeout_s=TIMEOUT_S):
        return await self.ask(self.make("OPTIONS", to), timeout_s=timeout_s)

    def _start(self, method, uri, who, flow, to=None):
        protocol = (flow or self.flow).name
        request = Message.request(method, uri)
        request.add("via", f"SIP/2.0/{protocol} {self.contact_host};"
                    f"branch={new_branch()};rport")
        request.add("max-forwards", 70)
        request.add("from", f"<{who}>;tag={self.from_tag}")
        request.add("to", f"<{to or who}>")
        return request

    # Messages.

    def send(self, message, flow=None):
        self.trace("out", message)
        (flow or self.flow).send(message.to_bytes())

    def raw(self, data, flow=None):
        (flow or self.flow).send(data)

    async def ask(self, request, flow=None, timeout_s=TIMEOUT_S):
        """Send a request and return its final response.

        Raises ConnectionError when the connection ends first, TimeoutError
        when nothing comes.
        """
        flow = flow or self.flow
        responses = self.waiting[request.transaction] = asyncio.Queue()
        try:
            self.send(request, flow)
            async with asyncio.timeout(timeout_s):
                while True:
                    response = await responses.get()
                    if response is None and not flow.open:
                        raise ConnectionError(flow.ended.result())
                    if response and response.status >= 200:
                        return response
        finally:
            del self.waiting[request.transaction]

    async def next_request(self, method=None, timeout_s=TIMEOUT_S):
        """The next request that somebody sent us; others are skipped."""
        async with asyncio.timeout(timeout_s):
            while True:
                request = await self.inbox.get()
                if method in (None, request.method):
                    return request

    def respond(self, request, status, flow=None, **fields):
        response = response_to(request, status)
        for name, value in fields.items():
            response.add(name.replace("_", "-"), value)
        self.send(response, flow)
        return response

    def received(self, method=None):
        return [r.message for r in self.seen if r.message.is_request
                and method in (None, r.message.method)]

    def _wake(self):
        for responses in self.waiting.values():
            responses.put_nowait(None)

    def _on_message(self, message, flow):
        self.trace("in", message)
        self.seen.append(Received(message, flow))
        if not message.is_request:
            waiting = self.waiting.get(message.transaction)
            if waiting:
                waiting.put_nowait(message)
            return
        self.inbox.put_nowait(message)
        status = None if message.method == "ACK" else self.answer(message)
        if status:
            self.respond(message, status, flow)


def _host(endpoint):
    host, port = endpoint[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
