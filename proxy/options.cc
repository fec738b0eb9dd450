#include "proxy/options.h"

#include <string>

namespace sallyport::proxy {
namespace {

// Called when ports are known.
void Add3gpp(const std::vector<Endpoint>& listeners,
             const std::vector<Options::AccessClass>& classes,
             std::vector<Endpoint>& to) {
  for (size_t i = 0; i < listeners.size() && i < classes.size(); ++i) {
    if (classes[i] == Options::AccessClass::k3gpp) to.push_back(listeners[i]);
  }
}

}  // namespace

void FinishOptions(Options& options) {
  EdgeConfig& edge = options.edge;
  edge.core_listen = options.core_listen;
  if (options.core_tls_listen)
    edge.core_tls_port = options.core_tls_listen->port;
  edge.tls_port = options.tls_listen.front().port;
  Add3gpp(options.tls_listen, options.tls_access, edge.listen_3gpp);
  Add3gpp(options.sip_listen, options.sip_access, edge.listen_3gpp);
  edge.own_hosts = {edge.domain};
  const auto add = [&edge](const Endpoint& endpoint) {
    if (endpoint.address.is_unspecified()) return;
    const std::string text = endpoint.ToString();
    edge.own_hosts.push_back(text.substr(0, text.rfind(':')));
  };
  for (const Endpoint& endpoint : options.tls_listen) add(endpoint);
  for (const Endpoint& endpoint : options.sip_listen) add(endpoint);
  add(options.core_listen);
  if (options.core_tls_listen) add(*options.core_tls_listen);
}

}  // namespace sallyport::proxy
