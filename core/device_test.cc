#include "core/device.h"

#include "gtest/gtest.h"

namespace sallyport {
namespace {

constexpr DeviceView kDevice{.since = Instant(Millis(123456789012)),
                             .reg_id = 7,
                             .impi = "a@b",
                             .instance = "<urn:uuid:1>",
                             .contact_uri = "sip:a@10.0.0.1"};

TEST(Device, ComesOutAsItWentIn) {
  const std::string text = WriteDevice(kDevice);
  const auto device = ReadDevice(text);

  ASSERT_TRUE(device.has_value());
  EXPECT_EQ(device->since, kDevice.since);
  EXPECT_EQ(device->reg_id, kDevice.reg_id);
  EXPECT_EQ(device->impi, kDevice.impi);
  EXPECT_EQ(device->instance, kDevice.instance);
  EXPECT_EQ(device->contact_uri, kDevice.contact_uri);
}

TEST(Device, CutTextIsNone) {
  const std::string text = WriteDevice(kDevice);
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ReadDevice(text.substr(0, size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace sallyport
