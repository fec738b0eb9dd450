#include "proxy/thread.h"

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace sallyport::proxy {
namespace {

TEST(Thread, RunsUnderItsNameAndIsJoined) {
  char name[16] = "";
  {
    auto thread = Thread::Start("shard-7", [&name] {
      // The starter names it; that may come after its first instruction.
      while (std::string(name) != "shard-7") {
        pthread_getname_np(pthread_self(), name, sizeof(name));
      }
    });
    ASSERT_TRUE(thread.ok()) << thread.status();
    EXPECT_TRUE(thread->running());
  }
  EXPECT_STREQ(name, "shard-7");
}

TEST(Thread, AssignmentJoinsWhatRan) {
  std::atomic<int> ended{0};
  auto first = Thread::Start("first", [&ended] { ++ended; });
  ASSERT_TRUE(first.ok());
  Thread thread = *std::move(first);
  thread = Thread();
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(thread.running());
}

TEST(Thread, SaysThatTheSystemHasNoRoom) {
  // No address space holds a stack of this size.
  pthread_attr_t usual;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  pthread_attr_t huge = usual;
  ASSERT_EQ(pthread_attr_setstacksize(&huge, size_t{1} << 52), 0);
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  const auto thread = Thread::Start("refused", [] {});
  ASSERT_EQ(pthread_setattr_default_np(&usual), 0);

  ASSERT_FALSE(thread.ok());
  EXPECT_NE(thread.status().message().find("cannot start thread refused"),
            std::string::npos)
      << thread.status();
}

}  // namespace
}  // namespace sallyport::proxy
