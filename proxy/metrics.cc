#include "proxy/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "net/tls/channel.h"
#include "net/tls/distrust.h"
#include "proxy/process_stats.h"

namespace sallyport::proxy {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Label = ClientMetric::Label;

constexpr size_t kTlsFailures =
    static_cast<size_t>(net::tls::Failure::kProtocol) + 1;
static_assert(kTlsFailures <=
              std::tuple_size_v<decltype(ShardStats::tls_failures)>);

constexpr int64_t kNoCertificate =
    net::tls::WallTime::max().time_since_epoch().count();

// Collects families; one call per family, one value per shard or label.
class Page {
 public:
  void Family(std::string_view name, std::string_view help, MetricType type) {
    families_.push_back({.name = std::string(name),
                         .help = std::string(help),
                         .type = type,
                         .metric = {}});
  }
  void Value(std::vector<Label> labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
  }
  std::string Text() const {
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

Label ShardLabel(size_t shard) { return {"shard", absl::StrCat(shard)}; }

template <typename Get>
void EachShard(const Shards& shards, Page& page, Get&& get) {
  for (size_t i = 0; i < shards.all().size(); ++i) {
    page.Value({ShardLabel(i)}, static_cast<double>(get(*shards.all()[i])));
  }
}

template <typename Get>
void PerShard(const Shards& shards, Page& page, std::string_view name,
              std::string_view help, MetricType type, Get&& get) {
  page.Family(name, help, type);
  EachShard(shards, page, get);
}

void AddEdge(const Shards& shards, Page& page) {
  page.Family("sallyport_core_events_total",
              "Messages, decisions, refusals and discards, by event",
              MetricType::Counter);
  for (size_t i = 0; i < shards.all().size(); ++i) {
    const Counters& counters = shards.all()[i]->edge_counters();
    for (size_t id = 0; id < kCounterCount; ++id) {
      const auto counter = static_cast<CounterId>(id);
      page.Value({ShardLabel(i), {"event", std::string(ToString(counter))}},
                 static_cast<double>(counters.Get(counter)));
    }
  }
}

void AddVerdicts(const Shards& shards, Page& page) {
  page.Family("sallyport_core_register_verdicts_total",
              "REGISTERs by the rule that decided what the registrar is told",
              MetricType::Counter);
  for (size_t i = 0; i < shards.all().size(); ++i) {
    const registration::RuleCounters& rules = shards.all()[i]->rules();
    for (size_t number = 1; number <= registration::kRuleCount; ++number) {
      const auto rule = static_cast<registration::Rule>(number);
      page.Value({ShardLabel(i),
                  {"rule", std::string(registration::ToString(rule))}},
                 static_cast<double>(rules.Get(rule)));
    }
  }
}

void AddConnections(const Shards& shards, Page& page) {
  page.Family("sallyport_net_connections_accepted_total",
              "TCP connections accepted, by listener", MetricType::Counter);
  for (size_t i = 0; i < shards.all().size(); ++i) {
    const ShardStats& stats = shards.all()[i]->stats();
    for (size_t kind = 0; kind < kListenerKinds; ++kind) {
      page.Value(
          {ShardLabel(i),
           {"listener", std::string(ToString(static_cast<ListenerKind>(kind)))}},
          static_cast<double>(stats.accepted[kind].Get()));
    }
  }
  page.Family("sallyport_net_connections_closed_total",
              "TCP connections ended, by reason: ours, or else the network's",
              MetricType::Counter);
  for (size_t i = 0; i < shards.all().size(); ++i) {
    const ShardStats& stats = shards.all()[i]->stats();
    for (size_t r = 0; r < kCloseReasonCount; ++r) {
      page.Value({ShardLabel(i),
                  {"by", "us"},
                  {"reason", std::string(ToString(static_cast<CloseReason>(r)))}},
                 static_cast<double>(stats.closed_by_us[r].Get()));
    }
    for (size_t r = 0; r < net::kCloseReasonCount; ++r) {
      page.Value(
          {ShardLabel(i),
           {"by", "network"},
           {"reason", std::string(ToString(static_cast<net::CloseReason>(r)))}},
          static_cast<double>(stats.closed_by_net[r].Get()));
    }
  }
}

void AddTls(const Shards& shards, Page& page) {
  page.Family("sallyport_tls_handshakes_total",
              "TLS handshakes of phones completed", MetricType::Counter);
  for (size_t i = 0; i < shards.all().size(); ++i) {
    const ShardStats& stats = shards.all()[i]->stats();
    page.Value({ShardLabel(i), {"kind", "full"}},
               static_cast<double>(stats.handshakes_full.Get()));
    page.Value({ShardLabel(i), {"kind", "resumed"}},
               static_cast<double>(stats.handshakes_resumed.Get()));
  }
  page.Family("sallyport_tls_failures_total",
              "TLS connections of phones failed, by cause",
              MetricType::Counter);
  for (size_t i = 0; i < shards.all().size(); ++i) {
    const ShardStats& stats = shards.all()[i]->stats();
    for (size_t f = 1; f < kTlsFailures; ++f) {
      page.Value(
          {ShardLabel(i),
           {"cause", std::string(ToString(static_cast<net::tls::Failure>(f)))}},
          static_cast<double>(stats.tls_failures[f].Get()));
    }
  }
  page.Family("sallyport_tls_alerts_received_total",
              "Fatal alerts from peers, by alert", MetricType::Counter);
  for (size_t i = 0; i < shards.all().size(); ++i) {
    const ShardStats& stats = shards.all()[i]->stats();
    for (size_t alert = 0; alert < stats.tls_alerts_received.size(); ++alert) {
      const uint64_t count = stats.tls_alerts_received[alert].Get();
      if (count == 0) continue;
      page.Value({ShardLabel(i),
                  {"alert", std::string(net::tls::AlertName(
                                static_cast<uint8_t>(alert)))},
                  {"code", absl::StrCat(alert)}},
                 static_cast<double>(count));
    }
  }
}

// Each way of TLS with the core.
struct CoreTlsWay {
  std::string_view direction;
  const CoreTlsStats ShardStats::*stats;
};
constexpr CoreTlsWay kCoreTlsWays[] = {{"out", &ShardStats::core_tls_out},
                                       {"in", &ShardStats::core_tls_in}};

template <typename Add>
void EachCoreTls(const Shards& shards, Add&& add) {
  for (size_t i = 0; i < shards.all().size(); ++i) {
    for (const CoreTlsWay& way : kCoreTlsWays) {
      add(std::vector<Label>{ShardLabel(i),
                             {"direction", std::string(way.direction)}},
          shards.all()[i]->stats().*way.stats);
    }
  }
}

void AddValue(Page& page, std::vector<Label> labels, std::string_view name,
              std::string_view text, const Counter& counter) {
  labels.emplace_back(std::string(name), std::string(text));
  page.Value(std::move(labels), static_cast<double>(counter.Get()));
}

void AddCoreTls(const Shards& shards, Page& page) {
  page.Family("sallyport_tls_core_handshakes_total",
              "TLS handshakes with the core completed", MetricType::Counter);
  EachCoreTls(shards, [&page](const auto& labels, const CoreTlsStats& stats) {
    AddValue(page, labels, "kind", "full", stats.handshakes_full);
    AddValue(page, labels, "kind", "resumed", stats.handshakes_resumed);
  });
  page.Family("sallyport_tls_core_failures_total",
              "TLS connections with the core that failed, by cause",
              MetricType::Counter);
  EachCoreTls(shards, [&page](const auto& labels, const CoreTlsStats& stats) {
    for (size_t f = 1; f < kTlsFailures; ++f) {
      AddValue(page, labels, "cause",
               ToString(static_cast<net::tls::Failure>(f)), stats.failures[f]);
    }
  });
  page.Family("sallyport_tls_core_untrusted_total",
              "Certificates of the core that were not believed, by reason",
              MetricType::Counter);
  EachCoreTls(shards, [&page](const auto& labels, const CoreTlsStats& stats) {
    for (size_t d = 1; d < net::tls::kDistrustCount; ++d) {
      AddValue(page, labels, "reason",
               ToString(static_cast<net::tls::Distrust>(d)),
               stats.untrusted[d]);
    }
  });
}

// A row of the tables below: one value per shard.
struct Row {
  std::string_view name;
  std::string_view help;
  uint64_t (*get)(const Shard&);
};

constexpr Row kCounterRows[] = {
    {"sallyport_net_connections_adopted_total",
     "TCP connections taken over from another shard",
     [](const Shard& s) { return s.stats().adopted.Get(); }},
    {"sallyport_net_connections_made_total",
     "TCP connections begun towards core peers",
     [](const Shard& s) { return s.stats().connected.Get(); }},
    {"sallyport_net_accepts_refused_total",
     "Connections closed at accept because the table was full",
     [](const Shard& s) { return s.net_counters().refused_accepts.Get(); }},
    {"sallyport_net_received_bytes_total", "Bytes received on TCP",
     [](const Shard& s) { return s.net_counters().bytes_received.Get(); }},
    {"sallyport_net_sent_bytes_total", "Bytes sent on TCP",
     [](const Shard& s) { return s.net_counters().bytes_sent.Get(); }},
    {"sallyport_net_sends_total", "Sends on TCP; each may carry many messages",
     [](const Shard& s) { return s.net_counters().sends.Get(); }},
    {"sallyport_net_receives_total", "Receives on TCP",
     [](const Shard& s) { return s.net_counters().receives.Get(); }},
    {"sallyport_net_datagrams_received_total", "UDP datagrams received",
     [](const Shard& s) { return s.net_counters().datagrams_received.Get(); }},
    {"sallyport_net_datagrams_sent_total", "UDP datagrams sent",
     [](const Shard& s) { return s.net_counters().datagrams_sent.Get(); }},
    {"sallyport_net_ring_enters_total", "io_uring_enter calls",
     [](const Shard& s) { return s.net_counters().enters.Get(); }},
    {"sallyport_net_ring_completions_total", "Completions reaped",
     [](const Shard& s) { return s.net_counters().completions.Get(); }},
    {"sallyport_net_ring_stale_completions_total",
     "Completions for a connection that had left",
     [](const Shard& s) { return s.net_counters().stale.Get(); }},
    {"sallyport_net_receive_buffers_exhausted_total",
     "Receives that found no buffer and were armed again",
     [](const Shard& s) { return s.net_counters().no_buffers.Get(); }},
    {"sallyport_proxy_mail_lost_total",
     "Messages to other shards lost because a mailbox was full",
     [](const Shard& s) { return s.stats().mail_lost.Get(); }},
    {"sallyport_proxy_sends_lost_total",
     "Messages for a connection that was gone, full or refused",
     [](const Shard& s) { return s.stats().sends_lost.Get(); }},
    {"sallyport_proxy_core_links_lost_total",
     "Connections to core peers that broke or never stood",
     [](const Shard& s) { return s.stats().core_links_lost.Get(); }},
    {"sallyport_proxy_turns_total", "Loop turns",
     [](const Shard& s) { return s.stats().turns.Get(); }},
};

struct GaugeRow {
  std::string_view name;
  std::string_view help;
  const Gauge ShardStats::*gauge;
};

constexpr GaugeRow kGaugeRows[] = {
    {"sallyport_net_connections_open", "TCP connections open now",
     &ShardStats::open},
    {"sallyport_tls_handshakes_in_progress", "TLS handshakes in progress",
     &ShardStats::handshakes},
    {"sallyport_tls_handshakes_waiting",
     "TLS handshakes in progress that have not had their first turn",
     &ShardStats::handshakes_waiting},
    {"sallyport_core_flows", "Flows that the Edge knows", &ShardStats::flows},
    {"sallyport_core_associations_active", "Associations with a connection",
     &ShardStats::associations_active},
    {"sallyport_core_associations_suspended",
     "Associations whose connection is lost", &ShardStats::associations_suspended},
    {"sallyport_core_associations_reserved",
     "Slots of UEs that are about to register",
     &ShardStats::associations_reserved},
    {"sallyport_core_transactions", "Transactions in progress",
     &ShardStats::transactions},
    {"sallyport_core_registers_in_progress",
     "REGISTERs that the core has not answered yet",
     &ShardStats::core_registers},
    {"sallyport_core_timers", "Timers armed", &ShardStats::timers},
    {"sallyport_proxy_core_links_open", "Connections to core peers that stand",
     &ShardStats::core_links_open},
};

void AddTables(const Shards& shards, Page& page) {
  for (const Row& row : kCounterRows) {
    PerShard(shards, page, row.name, row.help, MetricType::Counter, row.get);
  }
  for (const GaugeRow& row : kGaugeRows) {
    PerShard(shards, page, row.name, row.help, MetricType::Gauge,
             [&row](const Shard& s) { return (s.stats().*row.gauge).Get(); });
  }
}

void AddCertificates(const Shards& shards, Page& page) {
  page.Family("sallyport_tls_certificate_expires_seconds",
              "When the first certificate ends that we show, since the epoch",
              MetricType::Gauge);
  const std::pair<std::string_view, const Gauge&> rows[] = {
      {"phones", shards.certificate_expires_s()},
      {"core", shards.core_certificate_expires_s()}};
  for (const auto& [shown_to, expires_s] : rows) {
    if (expires_s.Get() == kNoCertificate) continue;
    page.Value({{"shown_to", std::string(shown_to)}},
               static_cast<double>(expires_s.Get()));
  }
}

void AddNextHops(const Shards& shards, Page& page) {
  page.Family("sallyport_core_next_hop_up",
              "Next hops in the home network: 1, or 0 while they rest",
              MetricType::Gauge);
  for (size_t i = 0; i < shards.all().size(); ++i) {
    for (const Edge::NextHopInfo& hop : shards.all()[i]->next_hops().Get()) {
      page.Value({ShardLabel(i),
                  {"address", hop.endpoint.ToString()},
                  {"transport", std::string(sip::ToString(hop.transport))},
                  {"name", hop.host},
                  {"entry", hop.entry ? "yes" : "no"}},
                 hop.up ? 1 : 0);
    }
  }
}

void AddNames(const Shards& shards, Page& page) {
  if (shards.names() == nullptr) return;
  const net::dns::ResolverCounters& counters = shards.names()->counters();
  page.Family("sallyport_dns_answers_total",
              "Questions that the resolver answered, by failure",
              MetricType::Counter);
  for (size_t f = 0; f < net::dns::kFailureCount; ++f) {
    page.Value({{"failure", std::string(net::dns::ToString(
                                static_cast<net::dns::Failure>(f)))}},
               static_cast<double>(counters.answers[f].Get()));
  }
  const std::pair<std::string_view, uint64_t> rows[] = {
      {"asked", counters.asked.Get()},     {"refused", counters.refused.Get()},
      {"cached", counters.cached.Get()},   {"joined", counters.joined.Get()},
      {"lookups", counters.lookups.Get()}, {"late", counters.late.Get()},
      {"evicted", counters.evicted.Get()},
      {"lost", shards.names()->answers_lost()}};
  page.Family("sallyport_dns_events_total", "What the resolver does, by event",
              MetricType::Counter);
  for (const auto& [event, count] : rows) {
    page.Value({{"event", std::string(event)}}, static_cast<double>(count));
  }
}

void AddProcess(Page& page) {
  const ProcessStats stats = ReadProcessStats();
  page.Family("process_resident_memory_bytes", "Resident memory",
              MetricType::Gauge);
  page.Value({}, static_cast<double>(stats.resident_bytes));
  page.Family("process_open_fds", "Open file descriptors", MetricType::Gauge);
  page.Value({}, static_cast<double>(stats.open_fds));
  page.Family("process_cpu_seconds_total", "User and system CPU time",
              MetricType::Counter);
  page.Value({}, stats.cpu_seconds);
}

}  // namespace

std::string MetricsText(const Shards& shards) {
  Page page;
  AddEdge(shards, page);
  AddVerdicts(shards, page);
  AddConnections(shards, page);
  AddTls(shards, page);
  AddCoreTls(shards, page);
  AddCertificates(shards, page);
  AddTables(shards, page);
  AddNextHops(shards, page);
  AddNames(shards, page);
  AddProcess(page);
  return page.Text();
}

}  // namespace sallyport::proxy
