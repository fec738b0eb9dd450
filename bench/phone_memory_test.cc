// What does one idle registered phone cost, and where? Each part is built for
// so many phones and for twice as many; the difference is theirs. The table of
// ARCHITECTURE.md, "Memory of one idle phone", must say the same.
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bench/edge_driver.h"
#include "bench/full_slice.h"
#include "core/base/endpoint.h"
#include "core/base/slab.h"
#include "core/base/time.h"
#include "core/base/timer_wheel.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/flow_table.h"
#include "core/registration/impi_desk.h"
#include "core/sip/values.h"
#include "core/testing/edge_harness.h"
#include "core/testing/fakes.h"
#include "gtest/gtest.h"
#include "net/event_sink.h"
#include "net/streams.h"
#include "net/tls/client.h"
#include "net/tls/engine.h"
#include "net/tls/test_world.h"
#include "proxy/connection.h"

namespace sallyport::bench {
namespace {

constexpr uint32_t kPhones = 4096;  // whole chunks of every table
constexpr uint32_t kTurn = 64;      // phones that register at once
constexpr double kTolerance = 0.05;

Endpoint At(std::string_view text) { return *Endpoint::Parse(text); }

// As malloc counts, its overhead included.
size_t Heap() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

template <typename Make>
double Grown(const Make& make, uint32_t phones) {
  const size_t before = Heap();
  const auto made = make(phones);
  return static_cast<double>(Heap()) - static_cast<double>(before);
}

// Bytes of one phone in what `make` builds for a number of them.
template <typename Make>
double Each(const Make& make, uint32_t phones = kPhones) {
  make(kTurn);  // what is made once
  const double few = Grown(make, phones);
  return (Grown(make, 2 * phones) - few) / phones;
}

// ---- the parts

auto Engines(net::tls::TlsVersion version) {
  using net::tls::ClientEngine, net::tls::End, net::tls::Engine;
  return [client_context = net::tls::TestClient(version),
          world = std::make_shared<net::tls::ServerWorld>()](uint32_t phones) {
    std::vector<std::unique_ptr<Engine>> engines(phones);
    for (auto& engine : engines) {
      engine = std::make_unique<Engine>(world->context);
      ClientEngine client(client_context, "edge.test");
      End client_end(client);
      End server_end(*engine);
      Exchange(client_end, server_end);
      EXPECT_TRUE(client.Write(std::string(1000, 'q'), client_end.out));
      EXPECT_TRUE(engine->Write(std::string(1000, 'a'), server_end.out));
      Exchange(client_end, server_end);
    }
    return engines;
  };
}

double OfEngine(net::tls::TlsVersion version) {
  const double each = Each(Engines(version), 256);
  return each - sizeof(std::unique_ptr<net::tls::Engine>);  // of the vector
}

auto Connections(uint32_t phones) {
  auto table = std::make_unique<proxy::ConnectionTable>();
  for (uint32_t slot = 0; slot < phones; ++slot) {
    table->Open({.slot = slot, .generation = 1});
  }
  return table;
}

auto StreamSlots(uint32_t phones) {
  auto streams = std::make_unique<Slab<net::Stream>>(phones);
  while (streams->Acquire().valid()) continue;
  return streams;
}

auto Flows(uint32_t phones) {
  auto flows = std::make_unique<FlowTable>(phones, sip::ScanPolicy());
  for (uint32_t i = 0; i < phones; ++i) {
    flows->Open(FlowOf(i), InfoOf(i), kRegistered);
  }
  return flows;
}

auto Desk(uint32_t phones) {
  auto desk = std::make_unique<registration::ImpiDesk>(phones, 0, Millis(1000));
  for (uint32_t i = 0; i < phones; ++i) {
    registration::Standing standing;
    standing.impi = Spread(i);
    standing.device = i;
    EXPECT_TRUE(desk->Put(standing, kRegistered));
  }
  return desk;
}

auto Timers(uint32_t phones) {
  auto timers = std::make_unique<TimerWheel>(phones, kRegistered);
  for (uint32_t i = 0; i < phones; ++i) {
    EXPECT_TRUE(timers->Arm(kRegistered + Millis(i), {}).valid());
  }
  return timers;
}

// ---- the whole of core/: phones that registered with an Edge

EdgeConfig ConfigFor(uint32_t phones, bool watched) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.flows_max = phones + 1;
  config.associations_max = phones;
  config.desk_associations_max = phones;
  config.transactions_max = 4 * kTurn;
  config.reg_event = watched;
  return config;
}

class RegisteredPhones {
 public:
  RegisteredPhones(uint32_t phones, bool watched)
      : driver_(ConfigFor(phones, watched), mac_),
        entry_(driver_.Open({.side = Side::kCore,
                             .transport = sip::Transport::kTcp,
                             .peer = At("192.0.2.20:5060"),
                             .local = At("192.0.2.10:5060")})) {
    for (uint32_t first = 0; first < phones; first += kTurn) Register(first);
    const Edge::Totals totals = driver_.edge().totals();
    EXPECT_EQ(totals.associations_active, phones);
    EXPECT_EQ(totals.subscriptions, watched ? phones : 0);
    EXPECT_EQ(totals.transactions, 0u);
  }

 private:
  static Arrival RegisterOf(FlowId flow, const Phone& phone) {
    RegisterText text;
    text.user = absl::StrCat("+", phone.digits);
    text.impi = phone.impi;
    text.response = "0123456789abcdef";
    text.call_id = phone.call_id;
    text.contact =
        absl::StrCat("<", phone.contact, ">;+sip.instance=", phone.instance);
    text.expires = "";
    text.secagree = text.verify = true;
    return {flow, InfoOf(flow.handle.slot).peer, text.Text()};
  }

  // The registrar grants what Phone::GrantOf() says.
  Arrival GrantOf(std::string_view request, const Phone& phone) const {
    return FromEntry(
        Grant(request, 3600,
              absl::StrCat(
                  "Path: ", RowIn(request, "Path"),
                  "\r\nService-Route: ", phone.routes.front(),
                  "\r\nP-Associated-URI: ", absl::StrJoin(phone.values, ", "),
                  "\r\nP-Charging-Function-Addresses: ccf=192.0.2.200\r\n"
                  "P-Charging-Vector: icid-value=1;"
                  "term-ioi=\"Type 1home.example.com\"\r\n")));
  }
  Arrival FromEntry(std::string text) const {
    return {entry_, At("192.0.2.20:5060"), std::move(text)};
  }

  void Register(uint32_t first) {
    std::vector<Arrival> arrivals;
    for (uint32_t i = first; i < first + kTurn; ++i) {
      FlowInfo info = InfoOf(i);
      info.local = At("198.51.100.10:5061");
      arrivals.push_back(RegisterOf(driver_.Open(info), Phone(i)));
    }
    driver_.Turn(arrivals);
    ASSERT_EQ(driver_.departures(), kTurn);
    std::vector<Arrival> grants;
    for (uint32_t i = 0; i < kTurn; ++i) {
      grants.push_back(GrantOf(driver_.Text(i), Phone(first + i)));
    }
    driver_.Turn(grants);
    std::vector<Arrival> answers = AnswersOfNotifier();
    driver_.Advance(TimerWheel::kTick);
    driver_.Turn({});
    for (Arrival& answer : AnswersOfNotifier()) {
      answers.push_back(std::move(answer));
    }
    driver_.Turn(answers);
  }

  // To the SUBSCRIBEs that left in the last turn.
  std::vector<Arrival> AnswersOfNotifier() const {
    std::vector<Arrival> answers;
    for (size_t i = 0; i < driver_.departures(); ++i) {
      const std::string_view text = driver_.Text(i);
      if (!text.starts_with("SUBSCRIBE ")) continue;
      answers.push_back(
          FromEntry(ResponseTo(text, 200,
                               "Contact: <sip:scscf1.ims.example.com:5060>\r\n"
                               "Expires: 600000\r\n")));
    }
    return answers;
  }

  const FakeMac mac_;
  EdgeDriver driver_;
  const FlowId entry_;
};

double OfEdge(bool watched) {
  return Each([watched](uint32_t phones) {
    return std::make_unique<RegisteredPhones>(phones, watched);
  });
}

// ---- the table

using Table = std::map<std::string, double>;

Table Measured() {
  Table table;
  table["TLS 1.3"] = OfEngine(net::tls::TlsVersion::k1_3);
  table["TLS 1.2"] = OfEngine(net::tls::TlsVersion::k1_2);
  table["connection"] = Each(Connections);
  table["stream"] = Each(StreamSlots);
  table["flow"] = Each(Flows);
  table["association"] =
      Each([](uint32_t phones) { return std::make_unique<FullSlice>(phones); });
  table["desk"] = Each(Desk);
  table["timer"] = Each(Timers);
  const double edge = OfEdge(false);
  table["Edge's own"] = edge - table["flow"] - table["association"] -
                        table["desk"] - table["timer"];
  table["all"] =
      table["TLS 1.3"] + table["connection"] + table["stream"] + edge;
  table["watch"] = OfEdge(true) - edge;
  return table;
}

// Rows `| name | bytes | ...` of the section.
Table Documented() {
  std::ifstream file("ARCHITECTURE.md", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  constexpr std::string_view kHead = "\n## Memory of one idle phone\n";
  const size_t begin = text.find(kHead);
  EXPECT_NE(begin, std::string::npos) << "the section is missing";
  Table table;
  if (begin == std::string::npos) return table;
  const std::string section =
      text.substr(begin, text.find("\n## ", begin + kHead.size()) - begin);
  for (std::string_view line : absl::StrSplit(section, '\n')) {
    const std::vector<std::string_view> cells = absl::StrSplit(line, '|');
    if (cells.size() < 4) continue;
    const std::string name(absl::StripAsciiWhitespace(cells[1]));
    double bytes = 0;
    if (name == "part" || name == "---") continue;
    EXPECT_TRUE(
        absl::SimpleAtod(absl::StrReplaceAll(cells[2], {{",", ""}}), &bytes))
        << line;
    EXPECT_TRUE(table.emplace(name, bytes).second) << "twice: " << line;
  }
  return table;
}

TEST(PhoneMemory, IsWhatTheTableSays) {
  const Table measured = Measured();

  const Table documented = Documented();

  for (const auto& [name, bytes] : measured) {
    std::printf("| %s | %.0f |\n", name.c_str(), bytes);
    const auto row = documented.find(name);
    if (row == documented.end()) {
      ADD_FAILURE() << "no row: " << name;
      continue;
    }
    EXPECT_NEAR(row->second, bytes, std::max(bytes * kTolerance, 4.0)) << name;
  }
  EXPECT_EQ(documented.size(), measured.size()) << "a row of nothing known";
}

}  // namespace
}  // namespace sallyport::bench
