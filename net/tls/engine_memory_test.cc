// What an idle connection keeps, and what a record costs, in heap.
#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "net/tls/client.h"
#include "net/tls/engine.h"
#include "net/tls/test_world.h"

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHeapIsOurs = false;
#else
constexpr bool kHeapIsOurs = true;
#endif

size_t allocations = 0;         // of everybody
size_t allocations_by_new = 0;  // of C++ code: ours
size_t largest_allocation = 0;

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
extern "C" void* __libc_malloc(size_t size);
extern "C" void* malloc(size_t size) {
  ++allocations;
  if (size > largest_allocation) largest_allocation = size;
  return __libc_malloc(size);
}
void* operator new(size_t size) {
  ++allocations_by_new;
  return std::malloc(size);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
#endif

namespace sallyport::net::tls {
namespace {

// Takes ciphertext without touching the heap.
class FixedOutput final : public Output {
 public:
  void Append(std::string_view ciphertext) override {
    ASSERT_LE(used_ + ciphertext.size(), sizeof(bytes_));
    ciphertext.copy(bytes_ + used_, ciphertext.size());
    used_ += ciphertext.size();
  }
  std::string_view Take() {
    const std::string_view all(bytes_, used_);
    used_ = 0;
    return all;
  }

 private:
  char bytes_[8192];
  size_t used_ = 0;
};

class EachVersionMemory : public testing::TestWithParam<TlsVersion> {
 protected:
  void SetUp() override {
    if (!kHeapIsOurs) GTEST_SKIP() << "a sanitizer owns the heap";
  }

  // A server's end of a connection that has been used and is idle now.
  std::unique_ptr<Engine> IdleEngine() {
    auto engine = std::make_unique<Engine>(world_.context);
    ClientEngine client(client_, "edge.test");
    End client_end(client);
    End server_end(*engine);
    Exchange(client_end, server_end);
    EXPECT_TRUE(client.Write(std::string(1000, 'q'), client_end.out));
    EXPECT_TRUE(engine->Write(std::string(1000, 'a'), server_end.out));
    Exchange(client_end, server_end);
    return engine;
  }

  std::shared_ptr<const ClientContext> client_ = TestClient(GetParam());
  ServerWorld world_;
};
INSTANTIATE_TEST_SUITE_P(Engine, EachVersionMemory,
                         testing::Values(TlsVersion::k1_2, TlsVersion::k1_3));

TEST_P(EachVersionMemory, KeepsLittlePerIdleConnection) {
  constexpr size_t kConnections = 1000;
  std::vector<std::unique_ptr<Engine>> engines;
  engines.reserve(kConnections);
  IdleEngine();  // what is made once
  const size_t before = mallinfo2().uordblks;
  for (size_t i = 0; i < kConnections; ++i) engines.push_back(IdleEngine());
  const size_t each = (mallinfo2().uordblks - before) / kConnections;

  RecordProperty("heap_bytes_per_connection", static_cast<int>(each));
  std::printf("heap per idle connection: %zu bytes, of them the engine: %zu\n",
              each, sizeof(Engine));
  EXPECT_LE(each, 4096u);
  EXPECT_GE(each, sizeof(Engine));
}

TEST_P(EachVersionMemory, AllocatesNothingOfItsOwnForARecord) {
  Meeting meeting(client_, world_);
  meeting.Session();
  FixedOutput client_out;
  FixedOutput server_out;
  const std::string text(1024, 'x');
  char plain[2048];
  size_t opened = 0;
  size_t failures = 0;
  const auto round_trip = [&] {
    failures += !meeting.client.Write(text, client_out);
    meeting.server.Feed(client_out.Take());
    ReadResult read;
    while (
        (read = meeting.server.Read(plain, sizeof(plain), server_out)).status ==
        ReadStatus::kPlaintext) {
      opened += read.bytes;
    }
    failures += !meeting.server.Write({plain, text.size()}, server_out);
    meeting.client.Feed(server_out.Take());
    while (
        (read = meeting.client.Read(plain, sizeof(plain), client_out)).status ==
        ReadStatus::kPlaintext) {
    }
  };
  round_trip();
  allocations = allocations_by_new = largest_allocation = 0;
  for (int i = 0; i < 100; ++i) round_trip();
  const size_t by_new = allocations_by_new;
  const size_t by_all = allocations;
  const size_t largest = largest_allocation;

  EXPECT_EQ(failures, 0u);
  EXPECT_EQ(opened, 101u * text.size());
  EXPECT_EQ(by_new, 0u);
  std::printf(
      "of the TLS library, per record sealed or opened: %g, up to %zu "
      "bytes\n",
      by_all / 400.0, largest);
  // Its buffer for the record, each time; nothing grows.
  EXPECT_LE(by_all, 400u);
  EXPECT_LE(largest, 1024u + 64);
}

}  // namespace
}  // namespace sallyport::net::tls
