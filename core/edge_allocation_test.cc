// The fast path of an Edge takes nothing from the heap: REGISTER on an
// established TLS connection, and its response (design rule 4).
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/testing/edge_harness.h"
#include "core/testing/heap_count.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

uint64_t g_allocations = 0;  // of what is counted

// The Edge's part of one event is counted, the harness's is not.
void Counted(EdgeHarness& net, FlowId flow, const std::string& bytes) {
  net.Do([&](Edge& edge) {
    const uint64_t before = HeapCount();
    const size_t taken = edge.OnReceived(flow, {}, bytes, net.now());
    g_allocations += HeapCount() - before;
    ASSERT_EQ(taken, bytes.size());
  });
}

struct Phone {
  FlowId flow;
  RegisterText text;
};

// One REGISTER and its 200, each as an event of its own.
void Refresh(EdgeHarness& net, FlowId core, Phone& phone) {
  ++phone.text.cseq;
  phone.text.branch = absl::StrCat("z9hG4bK", phone.text.user, phone.text.cseq);
  Counted(net, phone.flow, phone.text.Text());
  const std::string forwarded = net.OnlyText();
  ASSERT_TRUE(Contains(forwarded, "tls-yes"));
  Counted(net, core, Grant(forwarded, 600, EdgeHarness::kIdentities));
  ASSERT_EQ(StatusOf(net.OnlyText()), 200);
}

TEST(AllocationCount, Counts) {
  g_allocations = 0;
  const uint64_t before = HeapCount();
  std::vector<int> numbers(100);
  g_allocations += HeapCount() - before;
  EXPECT_EQ(numbers.size(), 100u);
  EXPECT_GE(g_allocations, 1u);
}

// A phone of another desk's waits for its word, which does not come here.
void Associate(EdgeHarness& net, Phone& phone) {
  phone.text.response = "r";
  net.Receive(phone.flow, phone.text.Text());
  if (net.sent().empty()) net.Advance(Seconds(1));
  ASSERT_TRUE(net.Only().to_core);
  net.GrantFromCore(net.Only(), 600, EdgeHarness::kIdentities);
  phone.text.response = {};
}

class Allocation : public testing::TestWithParam<uint16_t> {};

TEST_P(Allocation, RefreshesTakeNothingFromTheHeap) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.reg_event = true;
  config.shards = GetParam();
  config.news_interval = Seconds(10);
  EdgeHarness net(config);
  std::vector<Phone> phones;
  for (int i = 0; i < 10; ++i) {
    Phone phone{net.OpenTls(absl::StrCat("203.0.113.", i + 1, ":5062")),
                {.user = absl::StrCat("user", i),
                 .impi = absl::StrCat("user", i, "@ims.example.com"),
                 .call_id = absl::StrCat("call-", i),
                 .secagree = true,
                 .verify = true}};
    Associate(net, phone);
    phones.push_back(phone);
  }
  const FlowId core = net.CoreLink(net.config().home_core[0].endpoint);
  for (Phone& phone : phones) {  // tables grow to the load
    net.Advance(Seconds(1));
    Refresh(net, core, phone);
    Refresh(net, core, phone);
  }
  g_allocations = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (i % 100 == 0) net.Advance(Seconds(1));  // timers turn too
    Refresh(net, core, phones[static_cast<size_t>(i) % phones.size()]);
  }
  EXPECT_EQ(g_allocations, 0u);
  EXPECT_EQ(net.totals().associations_active, 10u);
  EXPECT_EQ(net.told.empty(), config.shards == 1);
}

INSTANTIATE_TEST_SUITE_P(Shards, Allocation, testing::Values(1, 2));

}  // namespace
}  // namespace sallyport
