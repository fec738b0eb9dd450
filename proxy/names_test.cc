#include "proxy/names.h"

#include "gtest/gtest.h"

namespace sallyport::proxy {
namespace {

Endpoint At(std::string_view text) { return *Endpoint::Parse(text); }

TEST(Translate, KeepsTheOrderOfDns) {
  const NameAnswer answer = Translate(
      {.host = "ims.example.com"},
      {.failure = net::dns::Failure::kNone,
       .targets = {{.endpoint = At("192.0.2.1:5060"),
                    .transport = net::dns::Transport::kTcp,
                    .name = "a",
                    .group = 0,
                    .priority = 65535,
                    .weight = 5},
                   {.endpoint = At("192.0.2.2:5060"),
                    .transport = net::dns::Transport::kUdp,
                    .name = "b",
                    .group = 1,
                    .priority = 0,
                    .weight = 7}},
       .ttl = Seconds(90)});

  EXPECT_EQ(answer.outcome, HostOutcome::kFound);
  EXPECT_EQ(answer.valid_for, Seconds(90));
  ASSERT_EQ(answer.targets.size(), 2u);
  EXPECT_LT(answer.targets[0].priority, answer.targets[1].priority);
  EXPECT_EQ(answer.targets[0].weight, 5);
  EXPECT_EQ(answer.targets[1].transport, sip::Transport::kUdp);
}

TEST(Translate, RepeatsTheQuestion) {
  const NameAnswer answer =
      Translate({.host = "a.example",
                 .port = 5070,
                 .transport = net::dns::Transport::kUdp},
                {.failure = net::dns::Failure::kNoSuchName, .targets = {}});

  const HostAnswer view = answer.View();
  EXPECT_EQ(view.question.host, "a.example");
  EXPECT_EQ(view.question.port, 5070);
  EXPECT_EQ(view.question.transport, sip::Transport::kUdp);
  EXPECT_EQ(view.outcome, HostOutcome::kNoName);
  EXPECT_FALSE(Translate({.host = "a"}, {}).transport);
}

TEST(Translate, OnlyDnsItselfSaysThatThereIsNothing) {
  using net::dns::Failure;
  const std::pair<Failure, HostOutcome> rows[] = {
      {Failure::kNoSuchName, HostOutcome::kNoName},
      {Failure::kNoRecords, HostOutcome::kNoRecords},
      {Failure::kTimeout, HostOutcome::kFailed},
      {Failure::kServerFailure, HostOutcome::kFailed},
      {Failure::kMalformed, HostOutcome::kFailed}};
  for (const auto& [failure, outcome] : rows) {
    EXPECT_EQ(Translate({}, {.failure = failure, .targets = {}}).outcome, outcome);
  }
}

}  // namespace
}  // namespace sallyport::proxy
