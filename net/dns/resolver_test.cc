#include "net/dns/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "net/dns/test_server.h"

namespace sallyport::net::dns {
namespace {

constexpr std::chrono::seconds kPatience{20};

ResolverOptions Asking(const TestServer& server) {
  ResolverOptions options;
  options.servers = {server.endpoint()};
  return options;
}

std::unique_ptr<Resolver> Start(ResolverOptions options) {
  auto resolver = Resolver::Start(std::move(options));
  EXPECT_TRUE(resolver) << resolver.error().step << resolver.error().reason;
  return *std::move(resolver);
}

// An answer that will come.
std::future<Answer> Ask(Resolver& resolver, const Question& question) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  EXPECT_TRUE(resolver.Ask(
      question, [promise](const Answer& a) { promise->set_value(a); }));
  return answer;
}

// kStopped when it did not come in good time.
Answer Wait(std::future<Answer> answer) {
  if (answer.wait_for(kPatience) == std::future_status::ready) {
    return answer.get();
  }
  ADD_FAILURE() << "no answer";
  Answer none;
  none.failure = Failure::kStopped;
  return none;
}

Answer Resolve(Resolver& resolver, const Question& question) {
  return Wait(Ask(resolver, question));
}

std::optional<std::string> Silence(const TestQuery&) { return std::nullopt; }

// Each name has the one address and nothing else.
std::optional<std::string> OneAddress(const TestQuery& query) {
  TestReply reply(query.lookup, 0, query.id);
  if (query.lookup.type == RecordType::kA) {
    reply.Address({query.lookup.name, 10}, "192.0.2.1");
  } else {
    reply.Soa({"example", 30}, 30);
  }
  return reply.bytes();
}

std::optional<std::string> NoSuchName(const TestQuery& query) {
  return TestReply(query.lookup, 3, query.id).Soa({"example", 30}, 30).bytes();
}

// A clock that moves when the test says so.
class TestClock {
 public:
  std::function<Instant()> now() {
    return [this] { return Instant(Millis(ms_.load())); };
  }
  void Move(Millis by) { ms_ += by.count(); }

 private:
  std::atomic<int64_t> ms_{0};
};

TEST(Resolver, FollowsNaptrSrvAndAddressesAtAServer) {
  TestServer server([](const TestQuery& query) -> std::optional<std::string> {
    TestReply reply(query.lookup, 0, query.id);
    switch (query.lookup.type) {
      case RecordType::kNaptr:
        reply.Naptr({"a.example", 60},
                    {1, 1, "s", "SIP+D2T", "", "_sip._tcp.b.example"});
        break;
      case RecordType::kSrv:
        reply.Srv({"_sip._tcp.b.example", 50}, {7, 8, 5070, "c.example"});
        break;
      case RecordType::kA:
        reply.Address({"c.example", 40}, "192.0.2.1");
        break;
      case RecordType::kAaaa:
        reply.Address({"c.example", 30}, "2001:db8::1");
    }
    return reply.bytes();
  });
  const auto resolver = Start(Asking(server));

  const Answer answer = Resolve(*resolver, {"A.example"});

  const Target first{{*IpAddress::Parse("192.0.2.1"), 5070},
                     Transport::kTcp,
                     "c.example",
                     0,
                     7,
                     8};
  Target second = first;
  second.endpoint.address = *IpAddress::Parse("2001:db8::1");
  EXPECT_EQ(answer.failure, Failure::kNone);
  EXPECT_EQ(answer.targets, (std::vector{first, second}));
  EXPECT_EQ(answer.ttl, Seconds(30));
  EXPECT_EQ(resolver->counters().lookups.Get(), 4u);
}

TEST(Resolver, AsksNobodyAboutANumericHostOrWhatIsNoHost) {
  TestServer server(Silence);
  const auto resolver = Start(Asking(server));

  EXPECT_TRUE(Resolve(*resolver, {"192.0.2.1"}).ok());
  EXPECT_EQ(Resolve(*resolver, {"no host"}).failure, Failure::kMalformed);
  EXPECT_EQ(server.queries(), 0u);
}

TEST(Resolver, AnswersFromTheCacheUntilTheTtlEnds) {
  TestServer server(OneAddress);
  TestClock clock;
  ResolverOptions options = Asking(server);
  options.now = clock.now();
  const auto resolver = Start(options);

  EXPECT_EQ(Resolve(*resolver, {"a.example", 5060}).ttl, Seconds(10));
  const uint32_t queries = server.queries();
  clock.Move(Millis(9'999));
  EXPECT_EQ(Resolve(*resolver, {"A.example.", 5060}).ttl, Seconds(1));
  EXPECT_EQ(server.queries(), queries);
  EXPECT_EQ(resolver->counters().cached.Get(), 1u);

  clock.Move(Millis(1));
  EXPECT_TRUE(Resolve(*resolver, {"a.example", 5060}).ok());
  EXPECT_EQ(server.queries(), 2 * queries);
}

TEST(Resolver, RemembersThatThereIsNothing) {
  TestServer server(NoSuchName);
  TestClock clock;
  ResolverOptions options = Asking(server);
  options.now = clock.now();
  const auto resolver = Start(options);

  const Answer answer = Resolve(*resolver, {"a.example", 5060});
  EXPECT_EQ(answer.failure, Failure::kNoSuchName);
  EXPECT_EQ(answer.ttl, Seconds(30));
  const uint32_t queries = server.queries();
  EXPECT_EQ(Resolve(*resolver, {"a.example", 5060}), answer);
  EXPECT_EQ(server.queries(), queries);

  clock.Move(Seconds(30));
  EXPECT_EQ(Resolve(*resolver, {"a.example", 5060}), answer);
  EXPECT_EQ(server.queries(), 2 * queries);
}

TEST(Resolver, JoinsTheSameQuestions) {
  absl::Notification all_asked;
  TestServer server([&all_asked](const TestQuery& query) {
    all_asked.WaitForNotification();
    return OneAddress(query);
  });
  const auto resolver = Start(Asking(server));

  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 100; ++i) {
    answers.push_back(Ask(*resolver, {"a.example", 5060}));
  }
  all_asked.Notify();

  for (std::future<Answer>& answer : answers) {
    EXPECT_TRUE(Wait(std::move(answer)).ok());
  }
  EXPECT_EQ(resolver->counters().lookups.Get(), 2u);
  EXPECT_EQ(
      resolver->counters().joined.Get() + resolver->counters().cached.Get(),
      99u);
}

TEST(Resolver, GivesUpWhenTheTimeOfAQuestionIsOver) {
  TestServer server(Silence);
  ResolverOptions options = Asking(server);
  options.question_time = Millis(100);
  options.try_time = Millis(5000);
  const auto resolver = Start(options);

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Resolve(*resolver, {"a.example"}).failure, Failure::kTimeout);
  const auto took = std::chrono::steady_clock::now() - begin;

  EXPECT_GE(took, Millis(99));  // its clock counts whole milliseconds
  EXPECT_LT(took, Millis(4000));
}

TEST(Resolver, GivesUpWhenAllTriesAreOver) {
  TestServer server(Silence);
  ResolverOptions options = Asking(server);
  options.try_time = Millis(50);
  const auto resolver = Start(options);

  EXPECT_EQ(Resolve(*resolver, {"a.example"}).failure, Failure::kTimeout);
  EXPECT_EQ(server.queries(), options.tries);
}

TEST(Resolver, FailsWhenTheServerDoes) {
  TestServer server([](const TestQuery& query) {
    return TestReply(query.lookup, 2, query.id).bytes();
  });
  const auto resolver = Start(Asking(server));

  EXPECT_EQ(Resolve(*resolver, {"a.example"}).failure, Failure::kServerFailure);
}

TEST(Resolver, AsksTheNextServerWhenTheFirstIsSilent) {
  TestServer silent(Silence), server(OneAddress);
  ResolverOptions options;
  options.servers = {silent.endpoint(), server.endpoint()};
  options.try_time = Millis(100);
  const auto resolver = Start(options);

  EXPECT_TRUE(Resolve(*resolver, {"a.example", 5060}).ok());
}

TEST(Resolver, AnswersBusyBeyondTheBoundOfQuestions) {
  absl::Notification release;
  TestServer server([&release](const TestQuery& query) {
    release.WaitForNotification();
    return OneAddress(query);
  });
  ResolverOptions options = Asking(server);
  options.questions_max = 2;
  const auto resolver = Start(options);

  auto first = Ask(*resolver, {"a.example", 5060});
  auto second = Ask(*resolver, {"b.example", 5060});
  auto same = Ask(*resolver, {"b.example", 5060});
  const Answer third = Resolve(*resolver, {"c.example", 5060});
  EXPECT_EQ(third.failure, Failure::kBusy);
  EXPECT_EQ(third.ttl, Seconds(0));
  EXPECT_TRUE(Resolve(*resolver, {"192.0.2.1"}).ok());  // it asks nobody

  release.Notify();
  EXPECT_TRUE(Wait(std::move(first)).ok());
  EXPECT_TRUE(Wait(std::move(second)).ok());
  EXPECT_TRUE(Wait(std::move(same)).ok());
  EXPECT_TRUE(Resolve(*resolver, {"c.example", 5060}).ok());
}

TEST(Resolver, AnswersBusyBeyondTheBoundOfLookups) {
  TestServer server(Silence);
  ResolverOptions options = Asking(server);
  options.question_time = Millis(10);
  options.lookups_max = 1;
  options.cache_entries_max = 0;
  const auto resolver = Start(options);

  // The question ends, its lookup is still with c-ares.
  EXPECT_EQ(Resolve(*resolver, {"a.example"}).failure, Failure::kTimeout);
  EXPECT_EQ(Resolve(*resolver, {"a.example"}).failure, Failure::kBusy);
}

TEST(Resolver, RefusesWhoComesBeyondTheBoundOfWaiters) {
  TestServer server(Silence);
  ResolverOptions options = Asking(server);
  options.waiters_max = 2;
  const auto resolver = Start(options);
  std::atomic<int> called{0};
  const auto count = [&called](const Answer&) { ++called; };

  EXPECT_TRUE(resolver->Ask({"a.example"}, count));
  EXPECT_TRUE(resolver->Ask({"a.example"}, count));
  EXPECT_FALSE(resolver->Ask({"a.example"}, count));

  EXPECT_EQ(resolver->counters().asked.Get(), 2u);
  EXPECT_EQ(resolver->counters().refused.Get(), 1u);
  EXPECT_EQ(called, 0);
}

TEST(Resolver, AnswersWhatIsOpenWhenItStops) {
  TestServer server(Silence);
  auto resolver = Start(Asking(server));
  auto first = Ask(*resolver, {"a.example"});
  auto second = Ask(*resolver, {"a.example"});
  auto third = Ask(*resolver, {"b.example"});

  resolver.reset();

  for (auto* answer : {&first, &second, &third}) {
    ASSERT_EQ(answer->wait_for(std::chrono::seconds(0)),
              std::future_status::ready);
    EXPECT_EQ(answer->get().failure, Failure::kStopped);
  }
}

TEST(Resolver, TakesQuestionsWithinACallback) {
  TestServer server(OneAddress);
  const auto resolver = Start(Asking(server));
  std::promise<Answer> done;

  EXPECT_TRUE(resolver->Ask({"a.example", 5060}, [&](const Answer& first) {
    EXPECT_TRUE(first.ok());
    EXPECT_TRUE(resolver->Ask({"b.example", 5060}, [&](const Answer& second) {
      done.set_value(second);
    }));
  }));

  EXPECT_EQ(Wait(done.get_future()).targets.front().name, "b.example");
}

TEST(Resolver, AnswersEachQuestionOfManyThreadsOnce) {
  constexpr int kThreads = 4, kQuestions = 200;
  TestServer server(OneAddress);
  ResolverOptions options = Asking(server);
  options.cache_entries_max = 8;
  const auto resolver = Start(options);

  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&resolver] {
      std::vector<std::future<Answer>> answers;
      for (int i = 0; i < kQuestions; ++i) {
        answers.push_back(
            Ask(*resolver, {absl::StrCat("h", i % 20, ".example"), 5060}));
      }
      for (int i = 0; i < kQuestions; ++i) {
        const Answer answer = Wait(std::move(answers[i]));
        ASSERT_EQ(answer.targets.size(), 1u);
        EXPECT_EQ(answer.targets.front().name,
                  absl::StrCat("h", i % 20, ".example"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  const ResolverCounters& counters = resolver->counters();
  EXPECT_EQ(counters.asked.Get(), uint64_t{kThreads * kQuestions});
  EXPECT_EQ(counters.answers[static_cast<size_t>(Failure::kNone)].Get(),
            uint64_t{kThreads * kQuestions});
}

struct BadOptionCase {
  const char* step;
  std::function<void(ResolverOptions&)> spoil;
};

TEST(Resolver, RefusesOptionsOutOfTheirRange) {
  const BadOptionCase cases[] = {
      {"servers", [](auto& o) { o.servers.resize(kDnsServersMax + 1); }},
      {"services", [](auto& o) { o.services.clear(); }},
      {"default_transport",
       [](auto& o) { o.default_transport = Transport::kNone; }},
      {"question_time", [](auto& o) { o.question_time = Millis(0); }},
      {"try_time", [](auto& o) { o.try_time = Millis(0); }},
      {"tries", [](auto& o) { o.tries = 0; }},
      {"questions_max", [](auto& o) { o.questions_max = 0; }},
      {"lookups_max", [](auto& o) { o.lookups_max = 0; }},
      {"waiters_max", [](auto& o) { o.waiters_max = 0; }},
      {"targets_max", [](auto& o) { o.targets_max = kDnsTargetsCeiling + 1; }},
      {"records_max", [](auto& o) { o.records_max = kDnsRecordsCeiling + 1; }},
      {"ttl_min", [](auto& o) { o.ttl_min = Seconds(-1); }},
      {"ttl_max", [](auto& o) { o.ttl_max = Seconds(0); }},
      {"negative_ttl", [](auto& o) { o.negative_ttl = Seconds(-1); }},
      {"failure_ttl", [](auto& o) { o.failure_ttl = Seconds(-1); }},
  };
  for (const BadOptionCase& c : cases) {
    ResolverOptions options;
    c.spoil(options);
    const auto resolver = Resolver::Start(options);
    ASSERT_FALSE(resolver) << c.step;
    EXPECT_EQ(resolver.error().step, c.step);
  }
}

TEST(Resolver, StartsWithTheServersOfTheMachine) {
  EXPECT_TRUE(Resolver::Start({}));
}

}  // namespace
}  // namespace sallyport::net::dns
