// What does a message cost on its whole way through core/: frame, scan, decide,
// splice, gather; without sockets, TLS and threads?
//
// Sketch, for the REGISTER of 842 octets on an associated connection:
//   framer and scanner, 14 blocks, 17 lines     200 cycles each       400
//   its credentials, Via, Contact, agreement    600 octets by octet   800
//   slice, transaction, two timers              6 lines of cache      200
//   flow token: HMAC-SHA-256, two blocks each   SHA instructions      500
//   a dozen splices, 1200 octets gathered                             300
// 2200 cycles: 700 ns at 3 GHz, of which 170 for the token. The 200 of the
// registrar has no token to write, but a grant to compare (330 octets) and a
// transaction to end: also 700 ns. With 10,000 phones their flows, associations
// and bindings come from the outer caches: some 20 lines more, 300 to 600 ns.
//
// We would be wrong if a REGISTER or its 200 cost more than 700 ns among 64
// phones, if either took anything from the heap, or if 100,000 phones cost more
// than those 20 lines of cache each.
//
// Seen (2 virtual cores of an AMD EPYC, family 26; --config=release):
//                        64 phones  100,032
//   REGISTER                   1580     2280 ns
//   its 200                     830     1130
//   MESSAGE to a phone         1200     1800
//   its 200                     490      560
//   MESSAGE of a phone         1430     2060
//   its 200                     340      330
// and nothing from the heap. So the sketch was wrong by two and a half for the
// REGISTER. callgrind counts 32,100 instructions for it and its 200; they were
// 76,000 for the REGISTER alone when this was first measured. Scanning both
// messages takes 7,200 of them, parameters, lists, URIs and Vias some 6,500;
// hardly another function has more than 400.
//
// A turn carries 64 messages of 64 phones; what is measured is the time that
// the thread had on a core (its clock costs some 5 ns of each message), and the
// making of the messages is outside of it.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bench/edge_driver.h"
#include "bench/hmac_mac.h"
#include "bench/thread_clock.h"
#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/base/timer_wheel.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/sip/values.h"
#include "core/testing/edge_harness.h"
#include "core/testing/fakes.h"
#include "core/testing/heap_count.h"

namespace sallyport::bench {
namespace {

constexpr uint32_t kTurn = 64;  // messages
constexpr std::string_view kDomain = "ims.mnc001.mcc001.3gppnetwork.org";

Endpoint At(std::string_view text) { return *Endpoint::Parse(text); }

// ---- texts; all numbers are of one width

std::string Digits(uint32_t number, int width) {
  std::string digits = std::to_string(number);
  return std::string(static_cast<size_t>(width) - digits.size(), '0') + digits;
}

// The golden REGISTER as the REGISTER of any phone. Run from the top of the
// tree, as `bazel run` does.
std::string RegisterForm() {
  std::ifstream file("tests/messages/register/challenge_response_over_tls.sip",
                     std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() != 842) EdgeDriver::Fail("not the golden REGISTER", bytes);
  return absl::StrReplaceAll(bytes, {{"15551230001", "1555PPPPPPP"},
                                     {"\"user1@", "\"PPPPPPP@"},
                                     {"kj49111", "PPPPPPP"},
                                     {"tag=49583", "tag=PPPPPPP"},
                                     {"4b43c2ff8.1", "SSSSSSSSS"},
                                     {"tls;q=0.5", "tls;q=0.9"},  // as we offer
                                     {"CSeq: 2 ", "CSeq: 1SSSSSSSSS "}});
}

std::string Filled(std::string form, uint32_t phone, uint32_t serial) {
  const auto fill = [&form](std::string_view mark, const std::string& digits) {
    for (size_t at = 0; (at = form.find(mark, at)) != std::string::npos;) {
      form.replace(at, mark.size(), digits);
    }
  };
  fill("PPPPPPP", Digits(phone, 7));
  fill("SSSSSSSSS", Digits(serial, 9));
  return form;
}

// What a registrar grants: three identities, one route.
std::string GrantOf(std::string_view request, uint32_t phone) {
  return Grant(
      request, 600'000,
      absl::StrCat(
          "Path: ", RowIn(request, "Path"), "\r\n",
          Filled(absl::StrCat("Service-Route: <sip:orig@192.0.2.30:5060;lr>\r\n"
                              "P-Associated-URI: <sip:+1555PPPPPPP@",
                              kDomain, ">, <tel:+1555PPPPPPP>, <sip:PPPPPPP@",
                              kDomain, ">\r\n"),
                 phone, 0),
          "P-Charging-Function-Addresses: ccf=192.0.2.200\r\n"
          "Server: Registrar1\r\n"));
}

RequestText MessageText(uint32_t serial) {
  return {.branch = absl::StrCat("z9hG4bK", Digits(serial, 9)),
          .call_id = absl::StrCat("c", Digits(serial, 9)),
          .extra = "Content-Type: text/plain\r\n",
          .body = std::string(140, 'x')};
}

std::string ToPhone(std::string_view token, uint32_t phone, uint32_t serial) {
  RequestText text = MessageText(serial);
  text.uri = "sip:192.0.2.10:5061;transport=tls";
  text.via = "SIP/2.0/TCP 192.0.2.30:5060";
  text.from = absl::StrCat("<sip:+15550000000@", kDomain, ">;tag=b");
  text.to = Filled(absl::StrCat("<sip:+1555PPPPPPP@", kDomain, ">"), phone, 0);
  absl::StrAppend(&text.extra, "Route: <sip:", token,
                  "@pcscf1.ims.example.com:5060;lr>\r\n"
                  "P-Asserted-Identity: <sip:+15550000000@",
                  kDomain, ">\r\nP-Called-Party-ID: ", text.to,
                  "\r\nP-Charging-Vector: icid-value=\"n2-7711\";"
                  "orig-ioi=\"Type 3home\"\r\n");
  return text.Text();
}

std::string FromPhone(uint32_t phone, uint32_t serial) {
  RequestText text = MessageText(serial);
  text.uri = absl::StrCat("sip:+15550000000@", kDomain);
  text.from = Filled(absl::StrCat("<sip:+1555PPPPPPP@", kDomain, ">;tag=ue-1"),
                     phone, 0);
  text.to = absl::StrCat("<", text.uri, ">");
  absl::StrAppend(&text.extra,
                  "Route: <sip:pcscf1.ims.example.com:5061;transport=tls;lr>, "
                  "<sip:orig@192.0.2.30:5060;lr>\r\nP-Preferred-Identity: ",
                  Filled("<tel:+1555PPPPPPP>", phone, 0), "\r\n");
  return text.Text();
}

// ---- phones, associated with one Edge

EdgeConfig ConfigFor(uint32_t phones) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.home_domains = {std::string(kDomain)};
  config.flows_max = phones + 16;
  config.associations_max = phones + 16;
  config.transactions_max = 1024;
  config.reg_event = true;
  return config;
}

class World {
 public:
  explicit World(uint32_t phones)
      : driver_(ConfigFor(phones), mac_),
        entry_(OpenCore("192.0.2.20:5060")),
        scscf_(OpenCore("192.0.2.30:5060")) {
    for (uint32_t phone = 0; phone < phones; ++phone) OpenPhone(phone);
    for (uint32_t first = 0; first < phones; first += kTurn) {
      Choose(first);
      Registers();
      Turn();
      NoteTokens();
      Grants();
      Turn();
      AnswerSubscribes();
    }
    if (driver_.edge().totals().associations_active != phones) {
      EdgeDriver::Fail("phones are missing");
    }
  }

  // One per size, because a large one takes a while to make.
  static World& Of(int64_t phones) {
    static std::unique_ptr<World> last;
    static int64_t last_phones = 0;
    if (last_phones != phones) {
      last.reset();
      last = std::make_unique<World>(static_cast<uint32_t>(phones));
      last_phones = phones;
    }
    return *last;
  }

  // The next turn is of other phones, far from one another in the tables.
  void Choose() {
    for (uint32_t& phone : chosen_) {
      phone = static_cast<uint32_t>(chance_.Next() % (flows_.size() / kTurn));
    }
    for (uint32_t i = 0; i < kTurn; ++i) chosen_[i] = chosen_[i] * kTurn + i;
  }
  void Choose(uint32_t first) {
    for (uint32_t i = 0; i < kTurn; ++i) chosen_[i] = first + i;
  }

  // ---- what comes in with the next turn
  void Registers() {
    Arrive([this](uint32_t, uint32_t phone) {
      return Arrival{flows_[phone], peer_, Filled(form_, phone, ++serial_)};
    });
  }
  void Grants() {
    Arrive([this](uint32_t i, uint32_t phone) {
      return Arrival{entry_, At("192.0.2.20:5060"),
                     GrantOf(driver_.Text(i), phone)};
    });
  }
  void MessagesToPhones() {
    Arrive([this](uint32_t, uint32_t phone) {
      return Arrival{scscf_, At("192.0.2.30:5060"),
                     ToPhone(tokens_[phone], phone, ++serial_)};
    });
  }
  void AnswersOfPhones() {
    Arrive([this](uint32_t i, uint32_t phone) {
      return Arrival{flows_[phone], peer_,
                     ResponseTo(driver_.Text(i), 200,
                                "P-Access-Network-Info: IEEE-802.11\r\n")};
    });
  }
  void MessagesFromPhones() {
    Arrive([this](uint32_t, uint32_t phone) {
      return Arrival{flows_[phone], peer_, FromPhone(phone, ++serial_)};
    });
  }
  void AnswersOfCore() {
    Arrive([this](uint32_t i, uint32_t) {
      return Arrival{scscf_, At("192.0.2.30:5060"),
                     ResponseTo(driver_.Text(i), 200)};
    });
  }

  void Turn() {
    driver_.Advance(Millis(1));
    driver_.Turn(arrivals_);
  }
  // Each message led to one, and to the right place.
  void Check(bool to_phones, std::string_view begin) const {
    if (driver_.departures() != kTurn) {
      EdgeDriver::Fail("not one for one", arrivals_[0].bytes);
    }
    for (uint32_t i = 0; i < kTurn; ++i) {
      const bool right = (driver_.To(i) == flows_[chosen_[i]]) == to_phones &&
                         driver_.Text(i).starts_with(begin);
      if (!right) EdgeDriver::Fail("not what should leave", driver_.Text(i));
    }
  }
  size_t bytes_in() const { return arrivals_[0].bytes.size(); }
  size_t bytes_out() const { return driver_.Text(0).size(); }

 private:
  FlowId OpenCore(std::string_view peer) {
    return driver_.Open({.side = Side::kCore,
                         .transport = sip::Transport::kTcp,
                         .peer = At(peer),
                         .local = At("192.0.2.10:5060")});
  }

  void OpenPhone(uint32_t phone) {
    FlowInfo info{.side = Side::kAccess,
                  .transport = sip::Transport::kTls,
                  .peer = peer_,
                  .local = At("198.51.100.10:5061")};
    for (size_t i = 0; i < info.tls_session.size(); i += 8) {
      const uint64_t part = Spread(uint64_t{phone} * 4 + i / 8);
      std::memcpy(&info.tls_session[i], &part, 8);
    }
    flows_.push_back(driver_.Open(info));
    tokens_.emplace_back();
  }

  template <typename Make>
  void Arrive(Make&& make) {
    for (uint32_t i = 0; i < kTurn; ++i) arrivals_[i] = make(i, chosen_[i]);
  }

  void NoteTokens() {
    Check(false, "REGISTER ");
    for (uint32_t i = 0; i < kTurn; ++i) {
      const std::string path = InBrackets(Row(driver_.Text(i), "Path"));
      tokens_[chosen_[i]] = path.substr(4, path.find('@') - 4);
    }
  }

  // The subscriptions to registration state: each is granted. They leave at the
  // next tick of the timers, which may be in the turn of the grants.
  void AnswerSubscribes() {
    std::vector<Arrival> answers;
    NoteSubscribes(answers);
    driver_.Advance(TimerWheel::kTick);
    driver_.Turn({});
    NoteSubscribes(answers);
    if (answers.size() != kTurn) EdgeDriver::Fail("not all are watched");
    driver_.Turn(answers);
    if (driver_.departures() != 0) EdgeDriver::Fail("more", driver_.Text(0));
  }

  void NoteSubscribes(std::vector<Arrival>& answers) const {
    for (size_t i = 0; i < driver_.departures(); ++i) {
      const std::string_view text = driver_.Text(i);
      if (!text.starts_with("SUBSCRIBE ")) continue;
      answers.push_back({entry_, At("192.0.2.20:5060"),
                         ResponseTo(text, 200,
                                    "Contact: <sip:192.0.2.30:5060>\r\n"
                                    "Expires: 600000\r\n")});
    }
  }

  const HmacMac mac_;
  const std::string form_ = RegisterForm();
  const Endpoint peer_ = At("203.0.113.25:50311");
  EdgeDriver driver_;
  const FlowId entry_, scscf_;
  std::vector<FlowId> flows_;        // of the phones
  std::vector<std::string> tokens_;  // in their Path
  std::array<uint32_t, kTurn> chosen_{};
  std::vector<Arrival> arrivals_{kTurn};
  FakeEntropy chance_;
  uint32_t serial_ = 0;
};

// ---- measuring

// A request and its answer: what comes in, and what must leave.
struct Exchange {
  void (World::*requests)();
  bool to_phones;  // the requests
  void (World::*answers)();
};

constexpr Exchange kRegister{&World::Registers, false, &World::Grants};
constexpr Exchange kToPhone{&World::MessagesToPhones, true,
                            &World::AnswersOfPhones};
constexpr Exchange kFromPhone{&World::MessagesFromPhones, false,
                              &World::AnswersOfCore};

// Collects turns; a turn that was disturbed shows in the mean, not in the
// median.
class Meter {
 public:
  explicit Meter(benchmark::State& state) : state_(state) {
    turns_.reserve(1 << 20);
  }
  void Measure(World& world) {
    const uint64_t heap = HeapCount();
    const double begin = ThreadSeconds();
    world.Turn();
    const double seconds = ThreadSeconds() - begin;
    heap_ += HeapCount() - heap;
    state_.SetIterationTime(seconds);
    if (turns_.size() < turns_.capacity()) turns_.push_back(seconds);
  }
  void Report(const World& world) {
    const auto middle = turns_.begin() + turns_.size() / 2;
    std::nth_element(turns_.begin(), middle, turns_.end());
    state_.counters["median_ns"] = *middle / kTurn * 1e9;
    state_.counters["heap"] =
        static_cast<double>(heap_) / static_cast<double>(state_.iterations());
    state_.counters["bytes_in"] = static_cast<double>(world.bytes_in());
    state_.counters["bytes_out"] = static_cast<double>(world.bytes_out());
  }

 private:
  benchmark::State& state_;
  std::vector<double> turns_;
  uint64_t heap_ = 0;
};

void Requests(benchmark::State& state, const Exchange& exchange) {
  World& world = World::Of(state.range(0));
  Meter meter(state);
  while (state.KeepRunningBatch(kTurn)) {
    world.Choose();
    (world.*exchange.requests)();
    meter.Measure(world);
    world.Check(exchange.to_phones, "");
    (world.*exchange.answers)();
    world.Turn();
    world.Check(!exchange.to_phones, "SIP/2.0 200 ");
  }
  (world.*exchange.requests)();  // for the sizes
  world.Turn();
  meter.Report(world);
  (world.*exchange.answers)();
  world.Turn();
}

void Answers(benchmark::State& state, const Exchange& exchange) {
  World& world = World::Of(state.range(0));
  Meter meter(state);
  while (state.KeepRunningBatch(kTurn)) {
    world.Choose();
    (world.*exchange.requests)();
    world.Turn();
    world.Check(exchange.to_phones, "");
    (world.*exchange.answers)();
    meter.Measure(world);
    world.Check(!exchange.to_phones, "SIP/2.0 200 ");
  }
  meter.Report(world);
}

void BM_Edge_Register(benchmark::State& state) { Requests(state, kRegister); }
void BM_Edge_RegisterOk(benchmark::State& state) { Answers(state, kRegister); }
void BM_Edge_MessageToPhone(benchmark::State& state) {
  Requests(state, kToPhone);
}
void BM_Edge_MessageToPhoneOk(benchmark::State& state) {
  Answers(state, kToPhone);
}
void BM_Edge_MessageFromPhone(benchmark::State& state) {
  Requests(state, kFromPhone);
}
void BM_Edge_MessageFromPhoneOk(benchmark::State& state) {
  Answers(state, kFromPhone);
}

// All of one size, then all of the next.
const bool registered = [] {
  using Function = void (*)(benchmark::State&);
  const std::pair<const char*, Function> kAll[] = {
      {"BM_Edge_Register", BM_Edge_Register},
      {"BM_Edge_RegisterOk", BM_Edge_RegisterOk},
      {"BM_Edge_MessageToPhone", BM_Edge_MessageToPhone},
      {"BM_Edge_MessageToPhoneOk", BM_Edge_MessageToPhoneOk},
      {"BM_Edge_MessageFromPhone", BM_Edge_MessageFromPhone},
      {"BM_Edge_MessageFromPhoneOk", BM_Edge_MessageFromPhoneOk},
  };
  for (const int64_t phones : {64, 10'048, 100'032}) {  // whole turns
    for (const auto& [name, function] : kAll) {
      benchmark::RegisterBenchmark(name, function)
          ->Arg(phones)
          ->UseManualTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace sallyport::bench
