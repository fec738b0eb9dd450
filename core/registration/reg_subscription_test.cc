#include "core/registration/reg_subscription.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

TEST(RegSubscriptions, AreFoundByImpiAsImpisCompare) {
  RegSubscriptions all(8, 5);
  const SlotHandle alice = all.Begin("alice@ims.test");
  const SlotHandle bob = all.Begin("bob@ims.test");

  EXPECT_EQ(all.FindByImpi("alice@IMS.test"), alice);
  EXPECT_EQ(all.FindByImpi("bob@ims.test"), bob);
  EXPECT_FALSE(all.FindByImpi("Alice@ims.test").valid());
  EXPECT_FALSE(all.FindByImpi("").valid());
  all.CheckInvariants();
}

TEST(RegSubscriptions, AreBoundedAndMakeRoomWhenTheyEnd) {
  RegSubscriptions all(3, 5);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(all.Begin(absl::StrCat("u", i)).valid());
  }
  EXPECT_FALSE(all.Begin("u3").valid());
  all.CheckInvariants();

  const SlotHandle old = all.FindByImpi("u1");
  all.End(old);
  const SlotHandle young = all.Begin("u3");

  EXPECT_TRUE(young.valid());
  EXPECT_EQ(all.Find(old), nullptr);
  EXPECT_FALSE(all.FindByImpi("u1").valid());
  EXPECT_EQ(all.FindByImpi("u3"), young);
  EXPECT_EQ(all.size(), 3u);
  all.CheckInvariants();
}

}  // namespace
}  // namespace sallyport::registration
