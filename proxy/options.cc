#include "proxy/options.h"

#include <string>

namespace sallyport::proxy {

void FinishOptions(Options& options) {
  EdgeConfig& edge = options.edge;
  edge.core_listen = options.core_listen;
  edge.tls_port = options.tls_listen.front().port;
  edge.own_hosts = {edge.domain};
  const auto add = [&edge](const Endpoint& endpoint) {
    if (endpoint.address.is_unspecified()) return;
    const std::string text = endpoint.ToString();
    edge.own_hosts.push_back(text.substr(0, text.rfind(':')));
  };
  for (const Endpoint& endpoint : options.tls_listen) add(endpoint);
  for (const Endpoint& endpoint : options.sip_listen) add(endpoint);
  add(options.core_listen);
}

}  // namespace sallyport::proxy
