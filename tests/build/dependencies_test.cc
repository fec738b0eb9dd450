// The libraries below Sallyport are those it means to have, and work.

#include <ares.h>
#include <benchmark/benchmark.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <liburing.h>
#include <openssl/crypto.h>
#include <openssl/curve25519.h>
#include <openssl/ssl.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/container/flat_hash_map.h"
#include "absl/flags/flag.h"
#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#ifndef OPENSSL_IS_BORINGSSL
#error "<openssl/...> is not BoringSSL's"
#endif
#ifdef OPENSSL_SMALL
#error "BoringSSL without the P-256 assembler: a third of the handshakes"
#endif
#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
#error "the admin endpoint would load OpenSSL"
#endif

ABSL_FLAG(int, answer, 42, "any flag at all");

namespace sallyport {
namespace {

static_assert(std::is_same_v<absl::string_view, std::string_view>);

TEST(DependenciesTest, AbseilTakesStandardViews) {
  absl::flat_hash_map<std::string, int> map = {{"a", 1}};
  std::string_view key = "a";
  EXPECT_TRUE(map.contains(key));
  EXPECT_EQ(absl::StrCat(key, absl::GetFlag(FLAGS_answer)), "a42");
  LOG(INFO) << "absl/log is there";
}

TEST(DependenciesTest, BoringSslMakesAContextAndAKey) {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  ASSERT_NE(context, nullptr);
  EXPECT_TRUE(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION));
  uint8_t public_key[32], private_key[32];
  X25519_keypair(public_key, private_key);
}

TEST(DependenciesTest, LiburingRunsADeferredSingleIssuerRing) {
  io_uring ring;
  io_uring_params params = {};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  ASSERT_EQ(io_uring_queue_init_params(8, &ring, &params), 0);
  int error = 0;
  io_uring_buf_ring* buffers = io_uring_setup_buf_ring(&ring, 8, 1, 0, &error);
  ASSERT_NE(buffers, nullptr) << error;
  io_uring_prep_nop(io_uring_get_sqe(&ring));
  EXPECT_EQ(io_uring_submit_and_wait(&ring, 1), 1);
  EXPECT_EQ(io_uring_cq_ready(&ring), 1u);
  io_uring_free_buf_ring(&ring, buffers, 8, 1);
  io_uring_queue_exit(&ring);
}

TEST(DependenciesTest, CaresMakesAChannel) {
  ASSERT_EQ(ares_library_init(ARES_LIB_INIT_ALL), ARES_SUCCESS);
  ares_channel channel;
  EXPECT_EQ(ares_init(&channel), ARES_SUCCESS);
  ares_destroy(channel);
  ares_library_cleanup();
}

TEST(DependenciesTest, PrometheusWritesText) {
  prometheus::Registry registry;
  auto& family = prometheus::BuildCounter().Name("registers").Register(registry);
  family.Add({}).Increment();
  EXPECT_NE(prometheus::TextSerializer().Serialize(registry.Collect()).find(
                "registers 1"),
            std::string::npos);
}

TEST(DependenciesTest, HttplibJsonAndXml) {
  httplib::Server server;
  EXPECT_TRUE(server.is_valid());
  EXPECT_EQ(nlohmann::json({{"shards", 2}}).dump(), R"({"shards":2})");
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string("<reginfo/>"));
}

void NoWork(benchmark::State& state) {
  for (auto _ : state) benchmark::ClobberMemory();
}
BENCHMARK(NoWork);

}  // namespace
}  // namespace sallyport
