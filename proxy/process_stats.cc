#include "proxy/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace sallyport::proxy {

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  uint64_t total_pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  stats.resident_bytes =
      resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  std::error_code error;
  const std::filesystem::directory_iterator fds("/proc/self/fd", error);
  if (!error) {
    stats.open_fds = static_cast<uint64_t>(
        std::distance(begin(fds), std::filesystem::directory_iterator()));
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  stats.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return stats;
}

}  // namespace sallyport::proxy
