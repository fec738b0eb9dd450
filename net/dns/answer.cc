#include "net/dns/answer.h"

#include "absl/base/optimization.h"

namespace sallyport::net::dns {

std::string_view ToString(Transport transport) {
  switch (transport) {
    case Transport::kNone:
      return "none";
    case Transport::kUdp:
      return "udp";
    case Transport::kTcp:
      return "tcp";
    case Transport::kTls:
      return "tls";
  }
  ABSL_UNREACHABLE();
}

std::string_view ToString(Failure failure) {
  switch (failure) {
    case Failure::kNone:
      return "none";
    case Failure::kNoSuchName:
      return "no_such_name";
    case Failure::kNoRecords:
      return "no_records";
    case Failure::kTimeout:
      return "timeout";
    case Failure::kServerFailure:
      return "server_failure";
    case Failure::kMalformed:
      return "malformed";
    case Failure::kBusy:
      return "busy";
    case Failure::kStopped:
      return "stopped";
  }
  ABSL_UNREACHABLE();
}

}  // namespace sallyport::net::dns
