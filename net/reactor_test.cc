#include "net/reactor.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "net/sockaddr.h"
#include "net/testing/loopback.h"

namespace sallyport::net {
namespace {

// A reactor that listens, and what it saw.
struct Server {
  explicit Server(const ReactorOptions& options = {},
                  const Endpoint& at = Loopback())
      : reactor(MakeReactor(options)) {
    EXPECT_TRUE(reactor->Enable().has_value());
    address = ListenOnLoopback(*reactor, 7, at);
  }
  bool Until(const std::function<bool()>& done) {
    return TurnUntil(*reactor, sink, done);
  }
  // A client whose connection has been accepted.
  Fd Accepted() {
    const size_t before = sink.seen.size();
    Fd client = ConnectTo(address);
    Until([&] { return sink.seen.size() > before; });
    return client;
  }
  StreamId last() const { return sink.seen.back().id; }
  bool Gone() { return reactor->held_streams() == 0; }

  std::unique_ptr<Reactor> reactor;
  RecordingSink sink;
  Endpoint address;
};

void EchoInto(Server& server) {
  server.sink.on_bytes = [&server](StreamId id, std::string_view bytes) {
    EXPECT_TRUE(server.reactor->Queue(id, bytes));
  };
}

int Connect(const Fd& fd, const Endpoint& server) {
  const SocketAddress address(server);
  return connect(fd.get(), &address.base, address.size);
}

size_t ClosedInAll(const Reactor& reactor) {
  size_t all = 0;
  for (const Counter& counter : reactor.counters().closed) all += counter.Get();
  return all;
}

// Accepting -------------------------------------------------------------------

TEST(Reactor, TellsBothAddressesOfAConnection) {
  Server server;

  const Fd client = server.Accepted();

  const Seen& seen = server.sink.seen.at(0);
  EXPECT_EQ(seen.tag, 7u);
  EXPECT_EQ(seen.peer, LocalEndpoint(client.get()));
  EXPECT_EQ(seen.local, server.address);
  EXPECT_EQ(server.reactor->tag(seen.id), 7u);
  EXPECT_TRUE(server.reactor->IsOpen(seen.id));
}

TEST(Reactor, TellsBothAddressesOfAConnectionOverIpv6) {
  Server server({}, Loopback6());

  const Fd client = server.Accepted();

  const Seen& seen = server.sink.seen.at(0);
  EXPECT_EQ(seen.peer, LocalEndpoint(client.get()));
  EXPECT_EQ(seen.local, server.address);
}

TEST(Reactor, RefusesAConnectionPastItsStreams) {
  ReactorOptions options;
  options.streams_max = 2;
  Server server(options);
  const Fd first = server.Accepted();
  const Fd second = server.Accepted();

  const Fd third = ConnectTo(server.address);
  server.Until(
      [&] { return server.reactor->counters().refused_accepts.Get() == 1; });

  EXPECT_TRUE(ReadsEnd(third));
  EXPECT_EQ(server.sink.seen.size(), 2u);
  EXPECT_TRUE(server.reactor->IsOpen(server.sink.seen[0].id));
}

TEST(Reactor, PausesAcceptingWithoutDescriptorsAndGoesOnLater) {
  Server server;
  const Fd client = server.Accepted();
  Fd waiting = std::move(OpenTcpSocket(server.address, {})).value();
  std::vector<Fd> hoard;
  while (true) {
    Fd one(dup(0));
    if (!one.valid()) break;
    hoard.push_back(std::move(one));
  }

  ASSERT_EQ(Connect(waiting, server.address), 0);
  server.Until(
      [&] { return server.reactor->counters().accept_pauses.Get() >= 2; });
  const uint64_t turns = server.reactor->counters().turns.Get();
  hoard.clear();
  server.Until([&] { return server.sink.seen.size() == 2; });

  EXPECT_LT(turns, 100u);  // it rested, it did not spin
}

TEST(Reactor, StopsListeningAndKeepsItsStreams) {
  Server server;
  EchoInto(server);
  const Fd client = server.Accepted();

  server.reactor->StopListening();
  for (int i = 0; i < 3; ++i) {
    server.reactor->Turn(server.reactor->Now(), server.sink);
  }
  auto late = OpenTcpSocket(server.address, {});
  const int connected = Connect(*late, server.address);
  ASSERT_TRUE(SendAll(client, "still here"));
  server.Until([&] { return server.sink.seen[0].bytes == "still here"; });
  server.reactor->Turn(server.reactor->Now(), server.sink);

  EXPECT_EQ(connected, -1);
  EXPECT_EQ(ReadBytes(client, 10), "still here");
}

// Who comes meanwhile waits in the kernel's queue, and is there afterwards; holding
// and letting go in one turn loses nobody either.
TEST(Reactor, NewcomersWaitWhileAcceptingIsHeld) {
  Server server;
  EchoInto(server);
  const Fd first = server.Accepted();
  const auto turns = [&] {
    for (int i = 0; i < 5; ++i) {
      server.reactor->Turn(server.reactor->Now(), server.sink);
    }
  };
  for (int round = 0; round < 3; ++round) {
    const size_t before = server.sink.seen.size();
    server.reactor->HoldAccepting(7, true);
    turns();
    auto late = OpenTcpSocket(server.address, {});
    ASSERT_EQ(Connect(*late, server.address), 0);
    turns();
    EXPECT_EQ(server.sink.seen.size(), before);
    server.reactor->HoldAccepting(7, false);
    server.Until([&] { return server.sink.seen.size() == before + 1; });
    server.reactor->HoldAccepting(7, true);
    server.reactor->HoldAccepting(7, false);
    turns();
  }
  server.reactor->HoldAccepting(7, true);
  turns();
  server.reactor->StopListening();
  turns();
  auto late = OpenTcpSocket(server.address, {});
  EXPECT_EQ(Connect(*late, server.address), -1);
}

// Bytes -----------------------------------------------------------------------

TEST(Reactor, EchoesPiecesOfAllSizes) {
  Server server;
  EchoInto(server);
  const Fd client = server.Accepted();
  size_t size = 1;

  for (uint32_t seed = 0; seed < 40; ++seed) {
    const std::string sent = Pattern(size, seed);
    std::optional<std::string> answer;
    std::thread peer([&] {
      if (SendAll(client, sent)) answer = ReadBytes(client, sent.size());
    });
    const uint64_t goal = server.reactor->counters().bytes_sent.Get() + size;
    server.Until(
        [&] { return server.reactor->counters().bytes_sent.Get() == goal; });
    peer.join();

    ASSERT_EQ(answer, sent) << "of " << size << " bytes";
    size = size * 13 / 10 + 1;
  }
}

TEST(Reactor, SendsEightMebibytesToASlowReader) {
  ReactorOptions options;
  options.queued_bytes_max = size_t{9} << 20;
  Server server(options);
  const Fd client = server.Accepted();
  const std::string sent = Pattern(size_t{8} << 20, 1);

  for (size_t at = 0; at < sent.size(); at += 70'000) {
    ASSERT_TRUE(server.reactor->Queue(
        server.last(), std::string_view(sent).substr(at, 70'000)));
    if (at % 3 == 0) server.reactor->Turn(server.reactor->Now(), server.sink);
  }
  std::string got;
  std::thread reader([&] {
    while (got.size() < sent.size()) {
      const auto piece =
          ReadBytes(client, std::min<size_t>(10'000, sent.size() - got.size()));
      if (!piece || piece->empty()) return;
      got += *piece;
    }
  });
  server.Until([&] { return server.reactor->QueuedBytes(server.last()) == 0; });
  reader.join();

  EXPECT_TRUE(got == sent);
  EXPECT_TRUE(server.reactor->IsOpen(server.last()));
}

TEST(Reactor, JoinsWhatOneTurnQueuesIntoOneSend) {
  Server server;
  const Fd client = server.Accepted();
  const uint64_t sends = server.reactor->counters().sends.Get();

  for (int i = 0; i < 10; ++i)
    server.reactor->Queue(server.last(), "0123456789");
  server.Until([&] { return server.reactor->QueuedBytes(server.last()) == 0; });

  EXPECT_EQ(server.reactor->counters().sends.Get(), sends + 1);
  EXPECT_EQ(ReadBytes(client, 100)->size(), 100u);
}

TEST(Reactor, CommitsLessThanWasReserved) {
  Server server;
  const Fd client = server.Accepted();

  char* room = server.reactor->Reserve(server.last(), 1000);
  ASSERT_NE(room, nullptr);
  memcpy(room, "short", 5);
  server.reactor->Commit(server.last(), 5);
  server.reactor->Queue(server.last(), "er");
  server.Until([&] { return server.reactor->QueuedBytes(server.last()) == 0; });

  EXPECT_EQ(ReadBytes(client, 7), "shorter");
}

TEST(Reactor, ReceivesAllWithTwoTinyBuffers) {
  ReactorOptions options;
  options.receive_buffers = 2;
  options.receive_buffer_bytes = 64;
  Server server(options);
  const std::string sent = Pattern(200'000, 3);
  std::vector<Fd> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(server.Accepted());

  std::vector<std::thread> writers;
  for (const Fd& client : clients) {
    writers.emplace_back([&] { SendAll(client, sent); });
  }
  server.Until([&] {
    for (const Seen& seen : server.sink.seen) {
      if (seen.bytes.size() < sent.size()) return false;
    }
    return true;
  });
  for (std::thread& writer : writers) writer.join();

  EXPECT_GT(server.reactor->counters().no_buffers.Get(), 0u);
  for (const Seen& seen : server.sink.seen) EXPECT_TRUE(seen.bytes == sent);
}

TEST(Reactor, MakesMoreRequestsInATurnThanTheRingHasEntries) {
  ReactorOptions options;
  options.ring_entries = 8;
  Server server(options);
  std::vector<Fd> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(server.Accepted());

  for (const Seen& seen : server.sink.seen) {
    server.reactor->Queue(seen.id, "to each");
  }
  server.Until(
      [&] { return server.reactor->counters().bytes_sent.Get() == 40 * 7; });

  EXPECT_GT(server.reactor->counters().early_submits.Get(), 0u);
  for (const Fd& client : clients) EXPECT_EQ(ReadBytes(client, 7), "to each");
}

// Bounds ----------------------------------------------------------------------

TEST(Reactor, ClosesAPeerThatDoesNotRead) {
  ReactorOptions options;
  options.queued_bytes_max = 100'000;
  Server server(options);
  const Fd client = server.Accepted();
  const Fd other = server.Accepted();
  const StreamId slow = server.sink.seen[0].id;
  const std::string piece(50'000, 'x');

  while (server.reactor->Queue(slow, piece)) {
    server.reactor->Turn(server.reactor->Now(), server.sink);
  }
  server.Until([&] { return server.sink.ended == 1; });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kSlowPeer);
  EXPECT_EQ(server.reactor->counters().Closed(CloseReason::kSlowPeer), 1u);
  EXPECT_FALSE(server.reactor->Queue(slow, "more"));
  EXPECT_EQ(server.reactor->Reserve(slow, 1), nullptr);
  EXPECT_TRUE(server.reactor->Queue(server.sink.seen[1].id, "fine"));
  server.Until([&] {
    return server.reactor->held_streams() == 1 &&
           server.reactor->QueuedBytes(server.sink.seen[1].id) == 0;
  });
  EXPECT_EQ(ReadBytes(other, 4), "fine");
}

TEST(Reactor, ClosesAStreamThatFindsNoSendMemory) {
  ReactorOptions options;
  options.send_bytes_max = 16 * 1024;
  Server server(options);
  const Fd client = server.Accepted();
  const Fd other = server.Accepted();

  EXPECT_TRUE(
      server.reactor->Queue(server.sink.seen[0].id, std::string(8000, 'x')));
  EXPECT_FALSE(
      server.reactor->Queue(server.sink.seen[1].id, std::string(16'000, 'x')));
  server.Until([&] { return server.sink.ended == 1; });

  EXPECT_EQ(server.sink.seen[1].closed, CloseReason::kNoSendMemory);
  EXPECT_EQ(ReadBytes(client, 8000)->size(), 8000u);
}

TEST(Reactor, KeepsSendMemoryForTheReservedTag) {
  ReactorOptions options;
  options.send_bytes_max = 32 * 1024;
  options.send_bytes_reserved = 16 * 1024;
  options.reserved_tags_from = 99;
  Server server(options);
  const Fd slow = server.Accepted();
  const Fd other = server.Accepted();

  EXPECT_TRUE(
      server.reactor->Queue(server.sink.seen[0].id, std::string(16'000, 'x')));
  EXPECT_FALSE(
      server.reactor->Queue(server.sink.seen[1].id, std::string(16'000, 'x')));

  const StreamId core =
      server.reactor->Connect(server.address, options.reserved_tags_from);
  server.sink.Expect(core);
  EXPECT_TRUE(server.reactor->Queue(core, std::string(16'000, 'x')));
  server.Until([&] { return server.reactor->QueuedBytes(core) == 0; });
}

// Ends ------------------------------------------------------------------------

TEST(Reactor, TellsThePeersEndAfterItsBytes) {
  Server server;
  Fd client = server.Accepted();

  ASSERT_TRUE(SendAll(client, "last words"));
  client = Fd();
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].bytes, "last words");
  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kPeerClosed);
  EXPECT_EQ(server.reactor->open_streams(), 0u);
}

TEST(Reactor, AnswersAPeerThatHasEndedItsSide) {
  Server server;
  EchoInto(server);
  const Fd client = server.Accepted();

  ASSERT_TRUE(SendAll(client, "question"));
  ASSERT_EQ(shutdown(client.get(), SHUT_WR), 0);
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kPeerClosed);
  EXPECT_EQ(ReadBytes(client, 100), "question");
}

TEST(Reactor, GivesUpOnAnEndedPeerThatDoesNotRead) {
  Server server;
  const Fd client = server.Accepted();
  const StreamId id = server.last();

  // More than the sockets' buffers hold, so that some stays queued.
  const std::string piece(100'000, 'x');
  while (server.reactor->QueuedBytes(id) < 200'000) {
    ASSERT_TRUE(server.reactor->Queue(id, piece));
    for (int i = 0; i < 3; ++i) {
      server.reactor->Turn(server.reactor->Now(), server.sink);
    }
  }
  ASSERT_EQ(shutdown(client.get(), SHUT_WR), 0);
  server.Until([&] { return server.sink.ended == 1; });
  const uint32_t held = server.reactor->held_streams();
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(held, 1u);  // OnClosed came at once, the rest was still tried
  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kPeerClosed);
}

TEST(Reactor, FlushesBeforeItClosesAndWaitsForThePeersEnd) {
  Server server;
  const Fd client = server.Accepted();
  const StreamId id = server.last();
  const std::string sent = Pattern(300'000, 9);

  ASSERT_TRUE(server.reactor->Queue(id, sent));
  server.reactor->Close(id, CloseHow::kFlush,
                        server.reactor->Now() + Seconds(20));
  EXPECT_FALSE(server.reactor->IsOpen(id));
  EXPECT_FALSE(server.reactor->Queue(id, "too late"));
  std::optional<std::string> got;
  std::thread reader([&] {
    got = ReadBytes(client, sent.size() + 1);
    shutdown(client.get(), SHUT_WR);
  });
  server.Until([&] { return server.Gone(); });
  reader.join();

  EXPECT_TRUE(got == sent);
  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kLocalFlush);
}

TEST(Reactor, DropsWhatComesAfterClose) {
  Server server;
  const Fd client = server.Accepted();
  const StreamId id = server.last();

  server.reactor->Queue(id, "bye");
  server.reactor->Close(id, CloseHow::kFlush,
                        server.reactor->Now() + Seconds(20));
  ASSERT_TRUE(SendAll(client, std::string(100'000, 'x')));
  shutdown(client.get(), SHUT_WR);
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].bytes, "");
  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kLocalFlush);
  EXPECT_EQ(ReadBytes(client, 100), "bye");  // and no reset
}

TEST(Reactor, EndsAFlushAtItsDeadline) {
  Server server;
  const Fd client = server.Accepted();
  const StreamId id = server.last();
  while (server.reactor->QueuedBytes(id) < 200'000) {
    ASSERT_TRUE(server.reactor->Queue(id, std::string(100'000, 'x')));
    for (int i = 0; i < 3; ++i) {
      server.reactor->Turn(server.reactor->Now(), server.sink);
    }
  }

  server.reactor->Close(id, CloseHow::kFlush,
                        server.reactor->Now() + Millis(50));
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kLocalFlushTimeout);
}

TEST(Reactor, EndsALingeringStreamAtItsDeadline) {
  Server server;
  const Fd client = server.Accepted();

  server.reactor->Close(server.last(), CloseHow::kFlush,
                        server.reactor->Now() + Millis(50));
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kLocalFlush);
  EXPECT_TRUE(ReadsEnd(client));
}

TEST(Reactor, AbortsWithAReset) {
  Server server;
  const Fd client = server.Accepted();

  server.reactor->Queue(server.last(), "never sent");
  server.reactor->Close(server.last(), CloseHow::kAbort);
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kLocalAbort);
  EXPECT_EQ(ReadBytes(client, 1), std::nullopt);
}

TEST(Reactor, AbortsAFlush) {
  Server server;
  const Fd client = server.Accepted();
  const StreamId id = server.last();

  server.reactor->Close(id, CloseHow::kFlush);
  server.reactor->Turn(server.reactor->Now(), server.sink);
  EXPECT_EQ(server.sink.ended, 0);
  server.reactor->Close(id, CloseHow::kAbort);
  server.reactor->Close(id, CloseHow::kAbort);
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kLocalAbort);
}

TEST(Reactor, ClosesInItsOwnEvents) {
  Server server;
  server.sink.on_bytes = [&](StreamId id, std::string_view) {
    server.reactor->Queue(id, "no");
    server.reactor->Close(id, CloseHow::kFlush);
  };
  server.sink.on_accepted = [&](StreamId id) {
    if (server.sink.seen.size() == 2) {
      server.reactor->Close(id, CloseHow::kAbort);
    }
  };
  Fd client = server.Accepted();
  const Fd aborted = ConnectTo(server.address);

  ASSERT_TRUE(SendAll(client, "first"));
  ASSERT_TRUE(SendAll(client, "second"));
  server.Until([&] {
    return server.sink.ended == 1 &&
           server.reactor->counters().bytes_sent.Get() == 2;
  });
  EXPECT_EQ(ReadBytes(client, 3), "no");
  client = Fd();
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[1].closed, CloseReason::kLocalAbort);
  EXPECT_EQ(server.sink.ended, 2);
}

// Peers that reset ------------------------------------------------------------

TEST(Reactor, SurvivesAResetBeforeItAccepts) {
  Server server;

  Reset(ConnectTo(server.address));
  const Fd client = ConnectTo(server.address);
  server.Until(
      [&] { return server.sink.seen.size() - server.sink.ended == 1; });

  const uint64_t gone = server.reactor->counters().gone_accepts.Get();
  EXPECT_EQ(gone + server.reactor->counters().accepted.Get(), 2u);
}

TEST(Reactor, TellsAResetOfAnIdleStream) {
  Server server;
  Fd client = server.Accepted();

  Reset(std::move(client));
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kPeerReset);
}

TEST(Reactor, TellsAResetWhileItSends) {
  Server server;
  Fd client = server.Accepted();
  const StreamId id = server.last();
  while (server.reactor->QueuedBytes(id) < 200'000) {
    ASSERT_TRUE(server.reactor->Queue(id, std::string(100'000, 'x')));
    for (int i = 0; i < 3; ++i) {
      server.reactor->Turn(server.reactor->Now(), server.sink);
    }
  }

  Reset(std::move(client));
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kPeerReset);
  EXPECT_EQ(server.reactor->QueuedBytes(id), 0u);
}

TEST(Reactor, TellsItsOwnEndWhenThePeerResetsAfterIt) {
  Server server;
  Fd client = server.Accepted();

  server.reactor->Close(server.last(), CloseHow::kFlush);
  server.reactor->Turn(server.reactor->Now(), server.sink);
  Reset(std::move(client));
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kLocalFlush);
}

// Slots and descriptors -------------------------------------------------------

TEST(Reactor, KeepsDescriptorsAndSlotsFlatOverAThousandConnections) {
  ReactorOptions options;
  options.streams_max = 8;
  Server server(options);
  EchoInto(server);
  const size_t before = OpenDescriptors();

  for (int i = 0; i < 1000; ++i) {
    Fd client = server.Accepted();
    SendAll(client, "ping");
    server.Until([&] { return server.sink.seen.back().bytes == "ping"; });
    if (i % 3 == 0) {
      server.reactor->Close(server.last(), CloseHow::kAbort);
    } else if (i % 3 == 1) {
      Reset(std::move(client));
    } else {
      client = Fd();
    }
    server.Until([&] { return server.Gone(); });
  }

  EXPECT_EQ(OpenDescriptors(), before);
  EXPECT_EQ(server.sink.ended, 1000);
  EXPECT_EQ(ClosedInAll(*server.reactor), 1000u);
  EXPECT_EQ(server.reactor->counters().refused_accepts.Get(), 0u);
}

TEST(Reactor, DropsHandlesOfStreamsThatHaveGone) {
  ReactorOptions options;
  options.streams_max = 1;
  Server server(options);
  Fd client = server.Accepted();
  const StreamId old = server.last();
  client = Fd();
  server.Until([&] { return server.Gone(); });
  const Fd next = server.Accepted();

  EXPECT_FALSE(server.reactor->Queue(old, "not for you"));
  server.reactor->Close(old, CloseHow::kAbort);
  server.reactor->Detach(old);
  server.reactor->Commit(old, 5);
  for (int i = 0; i < 3; ++i) {
    server.reactor->Turn(server.reactor->Now(), server.sink);
  }

  EXPECT_EQ(server.last().slot, old.slot);
  EXPECT_TRUE(server.reactor->IsOpen(server.last()));
  EXPECT_EQ(server.reactor->tag(old), 0u);
}

TEST(Reactor, MixesNothingWhenConnectionsComeAndGoQuickly) {
  ReactorOptions options;
  options.streams_max = 4;
  Server server(options);
  EchoInto(server);

  for (uint32_t i = 0; i < 300; ++i) {
    const Fd client = server.Accepted();
    const StreamId id = server.last();
    ASSERT_TRUE(SendAll(client, Pattern(100 + i, i)));
    if (i % 2 == 0) {
      // Close with requests of every kind in the kernel.
      server.reactor->Queue(id, "x");
      server.reactor->Turn(server.reactor->Now(), server.sink);
      server.reactor->Close(id, CloseHow::kAbort);
      continue;
    }
    server.Until([&] {
      return server.sink.Find(id)->bytes.size() == 100 + i &&
             server.reactor->QueuedBytes(id) == 0;
    });
    ASSERT_EQ(ReadBytes(client, 100 + i), Pattern(100 + i, i));
    server.reactor->Close(id, CloseHow::kAbort);
    server.Until([&] { return server.reactor->held_streams() < 3; });
  }
}

// Connecting ------------------------------------------------------------------

TEST(Reactor, ConnectsAndSendsWhatWasQueuedBefore) {
  Server server;
  EchoInto(server);

  const StreamId id = server.reactor->Connect(server.address, 5);
  ASSERT_TRUE(id.valid());
  server.sink.Expect(id);
  EXPECT_TRUE(server.reactor->Queue(id, "early"));
  server.Until([&] { return server.sink.Find(id)->bytes == "early"; });

  EXPECT_TRUE(server.sink.Find(id)->connected);
  EXPECT_EQ(server.reactor->tag(id), 5u);
}

TEST(Reactor, TellsARefusedConnect) {
  Server server;
  auto closed = OpenTcpListener(Loopback(), {});
  const Endpoint nobody = *LocalEndpoint(closed->get());
  { Fd gone = std::move(closed).value(); }

  const StreamId id = server.reactor->Connect(nobody, 5);
  server.sink.Expect(id);
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.Find(id)->closed, CloseReason::kConnectRefused);
}

TEST(Reactor, EndsAConnectThatHangsWhenItIsClosed) {
  Server server;
  // A full backlog does not answer.
  TcpListenerOptions one;
  one.backlog = 0;
  auto full = OpenTcpListener(Loopback(), one);
  const Endpoint address = *LocalEndpoint(full->get());
  const Fd filler = ConnectTo(address);
  std::vector<StreamId> hanging;
  for (int i = 0; i < 3; ++i) {
    hanging.push_back(server.reactor->Connect(address, 0));
    server.sink.Expect(hanging.back());
  }
  for (int i = 0; i < 5; ++i) {
    server.reactor->Turn(server.reactor->Now() + Millis(5), server.sink);
  }
  EXPECT_FALSE(server.sink.seen.back().connected);

  for (const StreamId id : hanging) {
    server.reactor->Close(id, CloseHow::kAbort);
  }
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen.back().closed, CloseReason::kLocalAbort);
}

TEST(Reactor, RefusesAConnectPastItsStreams) {
  ReactorOptions options;
  options.streams_max = 1;
  Server server(options);
  const Fd client = server.Accepted();

  EXPECT_FALSE(server.reactor->Connect(server.address, 0).valid());
  EXPECT_EQ(server.reactor->counters().refused_connects.Get(), 1u);
}

TEST(Reactor, ConnectsMoreAtOnceThanOneSubmissionCarries) {
  Server server;
  std::vector<StreamId> ids;
  for (uint32_t i = 0; i < 3 * kConnectsPerSubmission; ++i) {
    ids.push_back(server.reactor->Connect(server.address, i));
    ASSERT_TRUE(ids.back().valid());
    server.sink.Expect(ids.back());
  }

  size_t connected = 0;
  server.sink.on_connected = [&](StreamId) { ++connected; };
  server.Until([&] { return connected == ids.size(); });

  for (const StreamId id : ids) EXPECT_TRUE(server.reactor->IsOpen(id));
}

// Handing over ----------------------------------------------------------------

TEST(Reactor, LosesNoByteWhenAConnectionMovesToAnotherReactor) {
  const std::string sent = Pattern(4'000'000, 11);
  for (int round = 0; round < 20; ++round) {
    Server from;
    Server to;
    const Fd client = from.Accepted();
    const Seen seen = from.sink.seen[0];
    std::thread writer([&] {
      SendAll(client, sent);
      shutdown(client.get(), SHUT_WR);
    });
    from.Until([&] {
      return from.sink.seen[0].bytes.size() > size_t(round) * 100'000;
    });

    from.reactor->Detach(seen.id);
    from.Until([&] { return from.sink.detached.valid(); });
    const StreamId moved =
        to.reactor->Adopt(std::move(from.sink.detached), 9,
                          from.sink.seen[0].peer, from.sink.seen[0].local);
    to.sink.Expect(moved);
    to.Until([&] { return to.sink.ended == 1; });
    writer.join();

    ASSERT_TRUE(from.sink.seen[0].bytes + to.sink.seen[0].bytes == sent);
    EXPECT_EQ(from.sink.seen[0].peer, seen.peer);
    EXPECT_EQ(to.sink.seen[0].closed, CloseReason::kPeerClosed);
    EXPECT_EQ(from.reactor->held_streams(), 0u);
  }
}

TEST(Reactor, SendsWhatIsQueuedBeforeItDetaches) {
  Server server;
  const Fd client = server.Accepted();
  const std::string sent = Pattern(300'000, 4);

  server.reactor->Queue(server.last(), sent);
  server.reactor->Detach(server.last());
  std::optional<std::string> got;
  std::thread reader([&] { got = ReadBytes(client, sent.size()); });
  server.Until([&] { return server.sink.detached.valid(); });
  reader.join();

  EXPECT_TRUE(got == sent);
  EXPECT_EQ(server.reactor->counters().detached.Get(), 1u);
}

TEST(Reactor, DetachesInOnBytes) {
  Server server;
  server.sink.on_bytes = [&](StreamId id, std::string_view) {
    server.reactor->Detach(id);
  };
  const Fd client = server.Accepted();

  ASSERT_TRUE(SendAll(client, "hello"));
  server.Until([&] { return server.sink.detached.valid(); });
  ASSERT_TRUE(SendAll(client, "world"));

  EXPECT_EQ(server.sink.seen[0].bytes, "hello");
  EXPECT_EQ(ReadBytes(server.sink.detached, 5), "world");
}

TEST(Reactor, ClosesAStreamThatIsDetaching) {
  Server server;
  const Fd client = server.Accepted();

  server.reactor->Detach(server.last());
  server.reactor->Close(server.last(), CloseHow::kAbort);
  server.Until([&] { return server.Gone(); });

  EXPECT_EQ(server.sink.seen[0].closed, CloseReason::kLocalAbort);
  EXPECT_FALSE(server.sink.detached.valid());
}

TEST(Reactor, RefusesToAdoptPastItsStreams) {
  ReactorOptions options;
  options.streams_max = 1;
  Server server(options);
  const Fd client = server.Accepted();
  const Fd another = ConnectTo(server.address);

  const StreamId id = server.reactor->Adopt(Fd(dup(another.get())), 0, {}, {});

  EXPECT_FALSE(id.valid());
  EXPECT_EQ(server.reactor->counters().refused_adoptions.Get(), 1u);
}

// Start and end ---------------------------------------------------------------

TEST(Reactor, NamesAnOptionThatIsOutOfRange) {
  ReactorOptions options;
  options.receive_buffers = 3;

  const auto reactor = Reactor::Create(options);

  ASSERT_FALSE(reactor.has_value());
  EXPECT_EQ(reactor.error().ToString(),
            "reactor option receive_buffers is out of its range");
}

TEST(Reactor, GivesBackAllDescriptorsWhenItEnds) {
  const size_t before = OpenDescriptors();
  Fd client;
  {
    Server server;
    client = server.Accepted();
    server.reactor->Queue(server.last(), std::string(300'000, 'x'));
    server.reactor->Turn(server.reactor->Now(), server.sink);
  }
  while (const auto bytes = ReadBytes(client, 100'000)) {
    if (bytes->empty()) break;
  }
  client = Fd();

  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(Reactor, WaitsNoLongerThanIsAsked) {
  auto reactor = MakeReactor();
  ASSERT_TRUE(reactor->Enable().has_value());
  RecordingSink sink;
  reactor->Turn(reactor->Now(), sink);
  const Instant until = reactor->Now() + Millis(30);

  while (reactor->Now() < until) reactor->Turn(until, sink);

  EXPECT_LT(reactor->Now(), until + Seconds(5));
  EXPECT_LE(reactor->counters().turns.Get(), 4u);
}

// Wakes -----------------------------------------------------------------------

TEST(Reactor, LooksForMailWhenItBegins) {
  auto reactor = MakeReactor();
  RecordingSink sink;
  ASSERT_TRUE(reactor->Enable().has_value());

  reactor->Turn(kNever, sink);

  EXPECT_EQ(sink.mails, 1);
}

TEST(Reactor, WakesItself) {
  auto reactor = MakeReactor();
  RecordingSink sink;
  ASSERT_TRUE(reactor->Enable().has_value());
  reactor->Turn(kNever, sink);

  reactor->Wake(reactor->ring_fd());
  reactor->Turn(kNever, sink);

  EXPECT_EQ(sink.mails, 2);
}

TEST(Reactor, IsWokenByAThreadWithoutARing) {
  auto reactor = MakeReactor();
  RecordingSink sink;
  ASSERT_TRUE(reactor->Enable().has_value());
  reactor->Turn(kNever, sink);

  for (int i = 2; i < 5; ++i) {
    std::thread other([&] { reactor->WakeFromOutside(); });
    TurnUntil(*reactor, sink, [&] { return sink.mails == i; });
    other.join();
  }

  EXPECT_EQ(sink.mails, 4);
}

TEST(Reactor, CountsAWakeOfARingThatIsNotThere) {
  Server server;

  server.reactor->Wake(server.reactor->ring_fd() + 100);
  server.Until(
      [&] { return server.reactor->counters().wakes_failed.Get() == 1; });
}

}  // namespace
}  // namespace sallyport::net
