// What operators measure: every counter of every shard, as Prometheus text.
#ifndef PROXY_METRICS_H_
#define PROXY_METRICS_H_

#include <string>

#include "proxy/shards.h"

namespace sallyport::proxy {

// Names are sallyport_<room>_<noun>[_total]; labels come from enums, and from
// tables with a bound (next hops).
// Threads: any.
std::string MetricsText(const Shards& shards);

}  // namespace sallyport::proxy

#endif  // PROXY_METRICS_H_
