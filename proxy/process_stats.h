// What the kernel knows of this process.
#ifndef PROXY_PROCESS_STATS_H_
#define PROXY_PROCESS_STATS_H_

#include <cstdint>

namespace sallyport::proxy {

struct ProcessStats {
  uint64_t resident_bytes = 0;
  uint64_t open_fds = 0;
  double cpu_seconds = 0;
};
ProcessStats ReadProcessStats();

}  // namespace sallyport::proxy

#endif  // PROXY_PROCESS_STATS_H_
