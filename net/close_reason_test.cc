#include "net/close_reason.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "net/completion.h"

namespace sallyport::net {
namespace {

TEST(CloseReason, HasANameOfItsOwnForEach) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kCloseReasonCount; ++i) {
    names.insert(ToString(static_cast<CloseReason>(i)));
  }

  EXPECT_EQ(names.size(), kCloseReasonCount);
  EXPECT_EQ(static_cast<size_t>(CloseReason::kConnectFailed) + 1,
            kCloseReasonCount);
}

TEST(Request, TravelsThroughTheKernelAsOneNumber) {
  const SlotHandle handles[] = {
      {0, 0}, {0, 1}, {1, 0}, {Request::kSlotsMax - 1, 0xffffffff}};
  for (const SlotHandle handle : handles) {
    for (const Op op : {Op::kAccept, Op::kSend, Op::kOutsideWake}) {
      const Request request = Request::Unpack(Request{op, handle}.Pack());

      EXPECT_EQ(request.op, op);
      EXPECT_EQ(request.subject, handle);
    }
  }
}

}  // namespace
}  // namespace sallyport::net
