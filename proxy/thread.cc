#include "proxy/thread.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sallyport::proxy {
namespace {

void* RunOnce(void* argument) {
  const std::unique_ptr<std::function<void()>> run(
      static_cast<std::function<void()>*>(argument));
  (*run)();
  return nullptr;
}

}  // namespace

absl::StatusOr<Thread> Thread::Start(const std::string& name,
                                     std::function<void()> run) {
  auto argument = std::make_unique<std::function<void()>>(std::move(run));
  pthread_t id;
  const int error = pthread_create(&id, nullptr, &RunOnce, argument.get());
  if (error != 0) {
    return absl::ErrnoToStatus(error,
                               absl::StrCat("cannot start thread ", name));
  }
  argument.release();
  pthread_setname_np(id, name.c_str());
  Thread thread;
  thread.thread_ = id;
  return thread;
}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this == &other) return *this;
  Join();
  thread_ = std::exchange(other.thread_, std::nullopt);
  return *this;
}

void Thread::Join() {
  if (!thread_) return;
  pthread_join(*thread_, nullptr);
  thread_.reset();
}

}  // namespace sallyport::proxy
