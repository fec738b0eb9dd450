// A Thread is a joined thread of this process whose start may fail, which
// std::thread can only say by an exception.
#ifndef PROXY_THREAD_H_
#define PROXY_THREAD_H_

#include <pthread.h>

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace sallyport::proxy {

// Threads: one owner.
// Laws:    the destructor and assignment join what runs.
class Thread {
 public:
  // `name`: at most 15 bytes, as the kernel shows it. Fails: the system has no
  // room for another thread (RLIMIT_NPROC, a container's limit).
  static absl::StatusOr<Thread> Start(const std::string& name,
                                      std::function<void()> run);

  Thread() = default;
  Thread(Thread&& other) noexcept { *this = std::move(other); }
  Thread& operator=(Thread&& other) noexcept;
  ~Thread() { Join(); }

  bool running() const { return thread_.has_value(); }
  // Waits for its end; at once when there is none.
  void Join();

 private:
  std::optional<pthread_t> thread_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_THREAD_H_
