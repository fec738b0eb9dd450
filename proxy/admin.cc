#include "proxy/admin.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "httplib.h"
#include "nlohmann/json.hpp"
#include "proxy/metrics.h"

namespace sallyport::proxy {
namespace {

// People and one scraper: more requests at once wait, longer ones are refused.
constexpr size_t kThreads = 4;
constexpr size_t kQueuedMax = 128;
constexpr size_t kRequestBytesMax = 4096;
constexpr size_t kAssociationsMax = 100;
// A shard that has not turned for so long is stuck (it turns once a second).
constexpr std::chrono::milliseconds kStuck{5000};

bool AllTurning(const Shards& shards) {
  const int64_t now =
      std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now().time_since_epoch())
          .count();
  return std::all_of(
      shards.all().begin(), shards.all().end(), [now](const auto& shard) {
        return now - shard->stats().last_turn_ms.Get() < kStuck.count();
      });
}

// Enough of an identity to tell two apart, not enough to know whose it is.
std::string Hidden(const std::string& identity) {
  if (identity.size() <= 4) return "****";
  return absl::StrCat(identity.substr(0, 2), "****",
                      identity.substr(identity.size() - 2));
}

std::string AssociationsJson(const std::vector<AssociationQuery::Row>& rows,
                             bool show_identities) {
  // Conformance: TRUST-07
  const auto shown = [show_identities](const std::string& identity) {
    return show_identities ? identity : Hidden(identity);
  };
  nlohmann::json list = nlohmann::json::array();
  for (const AssociationQuery::Row& row : rows) {
    nlohmann::json identities = nlohmann::json::array();
    for (const std::string& identity : row.identities) {
      identities.push_back(shown(identity));
    }
    list.push_back({{"shard", row.shard},
                    {"slot", row.slot},
                    {"impi", shown(row.impi)},
                    {"state", row.state},
                    {"peer", row.peer},
                    {"expires_s", row.expires_s},
                    {"identities", std::move(identities)},
                    {"verdict",
                     {{"rule", row.rule},
                      {"integrity_protected", row.integrity},
                      {"ago_s", row.decided_ago_s}}}});
  }
  // Identities are a peer's bytes: what is not UTF-8 is replaced, never thrown.
  return nlohmann::json{{"associations", std::move(list)}}.dump(
             2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

std::string PageForPeople(const Shards& shards) {
  std::string page =
      "<!doctype html><title>Sallyport</title><style>body{font:15px "
      "sans-serif;margin:2em}td,th{padding:.3em 1em;text-align:right}</style>"
      "<h1>Sallyport</h1><table><tr><th>shard<th>connections<th>active "
      "associations<th>suspended<th>transactions<th>core links</tr>";
  for (size_t i = 0; i < shards.all().size(); ++i) {
    const ShardStats& stats = shards.all()[i]->stats();
    absl::StrAppend(&page, "<tr><td>", i, "<td>", stats.open.Get(), "<td>",
                    stats.associations_active.Get(), "<td>",
                    stats.associations_suspended.Get(), "<td>",
                    stats.transactions.Get(), "<td>",
                    stats.core_links_open.Get(), "</tr>");
  }
  absl::StrAppend(&page,
                  "</table><p><a href=/metrics>/metrics</a> <a "
                  "href=/healthz>/healthz</a> <a href=/readyz>/readyz</a> <a "
                  "href=/associations>/associations</a>\n");
  return page;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Admin>> Admin::Create(const Options& options,
                                                     Shards& shards) {
  std::unique_ptr<Admin> admin(new Admin(options, shards));
  const Endpoint& wanted = options.admin_listen;
  const std::string host = wanted.address.ToString();
  int port = wanted.port;
  errno = 0;
  const bool bound =
      port == 0 ? (port = admin->server_->bind_to_any_port(host)) > 0
                : admin->server_->bind_to_port(host, port);
  if (!bound) {
    return absl::UnavailableError(
        absl::StrCat("--admin_listen: bind ", wanted.ToString(), ": ",
                     errno != 0 ? std::strerror(errno) : "failed"));
  }
  admin->local_ = {.address = wanted.address,
                   .port = static_cast<uint16_t>(port)};
  auto thread = Thread::Start("admin", [server = admin->server_.get()] {
    server->listen_after_bind();
  });
  if (!thread.ok()) return thread.status();
  admin->thread_ = *std::move(thread);
  return admin;
}

Admin::Admin(const Options& options, Shards& shards)
    : options_(options),
      shards_(shards),
      server_(std::make_unique<httplib::Server>()) {
  server_->new_task_queue = [] {
    return new httplib::ThreadPool(kThreads, kQueuedMax);
  };
  server_->set_payload_max_length(kRequestBytesMax);
  server_->set_read_timeout(std::chrono::seconds(5));
  server_->set_write_timeout(std::chrono::seconds(5));
  // A scraper that keeps its connection must not keep a thread as well.
  server_->set_keep_alive_max_count(1);
  // The library's default lets a second process share the port.
  server_->set_socket_options([](socket_t socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  });
  AddRoutes();
}

Admin::~Admin() {
  if (!thread_.running()) return;
  server_->wait_until_ready();
  server_->stop();
  thread_.Join();
}

void Admin::AddRoutes() {
  using httplib::Request;
  using httplib::Response;
  server_->Get("/metrics", [this](const Request&, Response& response) {
    response.set_content(MetricsText(shards_), "text/plain; version=0.0.4");
  });
  server_->Get("/healthz", [this](const Request&, Response& response) {
    const bool healthy = AllTurning(shards_);
    response.status = healthy ? 200 : 503;
    response.set_content(healthy ? "ok\n" : "a shard is stuck\n", "text/plain");
  });
  server_->Get("/readyz", [this](const Request&, Response& response) {
    const bool ready = ready_.load();
    response.status = ready ? 200 : 503;
    response.set_content(ready ? "ready\n" : "not ready\n", "text/plain");
  });
  server_->Get("/associations", [this](const Request& request,
                                       Response& response) {
    response.set_content(
        AssociationsJson(shards_.Associations(request.get_param_value("impi"),
                                              kAssociationsMax),
                         options_.admin_show_identities),
        "application/json");
  });
  server_->Get("/", [this](const Request&, Response& response) {
    response.set_content(PageForPeople(shards_), "text/html");
  });
}

}  // namespace sallyport::proxy
