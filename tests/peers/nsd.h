// NSD, an authoritative name server that nobody of us wrote, as a process of a
// test.
#ifndef TESTS_PEERS_NSD_H_
#define TESTS_PEERS_NSD_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/base/endpoint.h"
#include "net/fd.h"

namespace sallyport {

// Serves the zone "peers.test" on a port of its own, UDP and TCP. Dies when NSD
// is not installed or does not start.
// Owns:    the process, which ends with it.
class Nsd {
 public:
  // The zone's records; origin, SOA and NS are there, the default TTL is 60 s,
  // absence holds for 30 s.
  explicit Nsd(std::string_view records);
  Nsd(const Nsd&) = delete;
  Nsd& operator=(const Nsd&) = delete;
  ~Nsd();

  // Other records from now on, or a little later.
  void Change(std::string_view records);
  // It answers nobody from now on.
  void FallSilent();

  const Endpoint& endpoint() const { return endpoint_; }

 private:
  void WriteZone(std::string_view records);
  void WriteConfig();
  void Launch();
  void WaitUntilItServes();

  std::string folder_;
  Endpoint endpoint_;
  pid_t pid_ = -1;
  net::Fd said_;  // its log
};

}  // namespace sallyport

#endif  // TESTS_PEERS_NSD_H_
