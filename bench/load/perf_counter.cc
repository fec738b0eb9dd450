#include "bench/load/perf_counter.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "bench/load/usage.h"

namespace sallyport::load {
namespace {

net::Fd OpenThread(pid_t thread, const PerfEvent& event, bool with_kernel) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = event.type;
  attributes.config = event.config;
  attributes.inherit = 1;
  attributes.exclude_kernel = with_kernel ? 0 : 1;
  attributes.exclude_hv = 1;
  attributes.read_format =
      PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return net::Fd(static_cast<int>(syscall(
      SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC)));
}

// All that live; none when one of them cannot be counted.
std::vector<net::Fd> OpenThreads(const std::vector<pid_t>& threads,
                                 const PerfEvent& event, bool with_kernel) {
  std::vector<net::Fd> opened;
  for (const pid_t thread : threads) {
    net::Fd fd = OpenThread(thread, event, with_kernel);
    if (fd.valid()) {
      opened.push_back(std::move(fd));
    } else if (errno != ESRCH) {
      return {};
    }
  }
  return opened;
}

double ReadThread(int fd) {
  struct {
    uint64_t count, enabled_ns, running_ns;
  } now{};
  if (read(fd, &now, sizeof(now)) != sizeof(now) || now.running_ns == 0) {
    return 0;
  }
  return static_cast<double>(now.count) * (static_cast<double>(now.enabled_ns) /
                                           static_cast<double>(now.running_ns));
}

}  // namespace

std::optional<PerfCounter> PerfCounter::Open(pid_t process,
                                             const PerfEvent& event) {
  const std::vector<pid_t> threads = ThreadsOf(process);
  for (const bool with_kernel : {true, false}) {
    std::vector<net::Fd> opened = OpenThreads(threads, event, with_kernel);
    if (!opened.empty()) return PerfCounter(std::move(opened), with_kernel);
  }
  return std::nullopt;
}

double PerfCounter::Read() const {
  double total = 0;
  for (const net::Fd& thread : threads_) total += ReadThread(thread.get());
  return total;
}

}  // namespace sallyport::load
