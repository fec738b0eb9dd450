#include "bench/load/perf_counter.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace sallyport::load {
namespace {

// Nanoseconds on a core: an event that needs no hardware.
constexpr PerfEvent kTaskClock = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK};
constexpr PerfEvent kNoSuchEvent = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_MAX};
constexpr double kBurnNanos = 50e6;  // of each thread
// perf and the scheduler do not read the clock at the same moments; a thread
// that is missed or counted twice is more.
constexpr double kInexact = kBurnNanos / 2;

double ThreadNanos() {
  timespec used;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e9 +
         static_cast<double>(used.tv_nsec);
}

void Burn() {
  const double end = ThreadNanos() + kBurnNanos;
  while (ThreadNanos() < end) {
  }
}

// A process whose threads stand before it is looked at, and burn, with more
// that start only then, when they are told to.
class Burner {
 public:
  Burner(int standing, int later) {
    if (pipe(orders_) != 0 || pipe(answers_) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) Live(standing, later);
    Await();
  }
  ~Burner() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    for (const int end : {orders_[0], orders_[1], answers_[0], answers_[1]}) {
      close(end);
    }
  }
  Burner(const Burner&) = delete;
  Burner& operator=(const Burner&) = delete;

  pid_t pid() const { return pid_; }
  void BurnAll() {
    Tell(orders_[1]);
    Await();
  }

 private:
  [[noreturn]] void Live(int standing, int later) {
    std::vector<std::thread> threads;
    std::atomic<bool> burns{false};
    for (int i = 0; i < standing; ++i) {
      threads.emplace_back([&burns] {
        burns.wait(false);
        Burn();
      });
    }
    Tell(answers_[1]);
    Take(orders_[0]);
    burns = true;
    burns.notify_all();
    for (int i = 0; i < later; ++i) threads.emplace_back(Burn);
    for (std::thread& thread : threads) thread.join();
    Tell(answers_[1]);
    pause();
    _exit(0);
  }
  static void Tell(int end) {
    if (write(end, "x", 1) != 1) std::abort();
  }
  static void Take(int end) {
    char one;
    if (read(end, &one, 1) != 1) std::abort();
  }
  void Await() { Take(answers_[0]); }

  int orders_[2];
  int answers_[2];
  pid_t pid_;
};

bool CountsAnything() {
  return PerfCounter::Open(getpid(), kTaskClock).has_value();
}

TEST(PerfCounter, SumsTheThreadsOfAnotherProcess) {
  if (!CountsAnything()) GTEST_SKIP() << "perf is not permitted here";
  Burner burner(3, 0);
  const auto counter = PerfCounter::Open(burner.pid(), kTaskClock);
  ASSERT_TRUE(counter.has_value());
  const double before = counter->Read();

  burner.BurnAll();

  const double burnt = counter->Read() - before;
  EXPECT_NEAR(burnt, 3 * kBurnNanos, kInexact);
}

TEST(PerfCounter, CountsThreadsThatStartLater) {
  if (!CountsAnything()) GTEST_SKIP() << "perf is not permitted here";
  Burner burner(1, 2);
  const auto counter = PerfCounter::Open(burner.pid(), kTaskClock);
  ASSERT_TRUE(counter.has_value());

  burner.BurnAll();

  EXPECT_NEAR(counter->Read(), 3 * kBurnNanos, kInexact);
}

TEST(PerfCounter, DoesNotCountOtherProcesses) {
  if (!CountsAnything()) GTEST_SKIP() << "perf is not permitted here";
  const Burner idle(1, 0);
  Burner burner(1, 0);
  const auto counter = PerfCounter::Open(idle.pid(), kTaskClock);
  ASSERT_TRUE(counter.has_value());

  burner.BurnAll();

  EXPECT_LT(counter->Read(), kInexact);
}

TEST(PerfCounter, IsNoneForAnEventThatNoMachineHas) {
  EXPECT_FALSE(PerfCounter::Open(getpid(), kNoSuchEvent).has_value());
}

TEST(PerfCounter, IsNoneForAProcessThatIsGone) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);

  EXPECT_FALSE(PerfCounter::Open(child, kTaskClock).has_value());
}

}  // namespace
}  // namespace sallyport::load
