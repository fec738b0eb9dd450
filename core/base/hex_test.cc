#include "core/base/hex.h"

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace sallyport {
namespace {

template <size_t kDigits>
std::string Write(uint64_t value) {
  std::string text(kDigits + 1, '#');
  EXPECT_EQ(WriteHex<kDigits>(value, text.data()), text.data() + kDigits);
  EXPECT_EQ(text.back(), '#');
  text.pop_back();
  return text;
}

template <size_t kDigits>
std::optional<uint64_t> Read(std::string_view text) {
  uint64_t value;
  if (!ReadHex<kDigits>(text.data(), value)) return std::nullopt;
  return value;
}

TEST(Hex, WritesTheLastDigits) {
  EXPECT_EQ(Write<1>(0x1f), "f");
  EXPECT_EQ(Write<2>(0x109), "09");
  EXPECT_EQ(Write<4>(0xfedcba), "dcba");
  EXPECT_EQ(Write<7>(0x0123456789abcdef), "9abcdef");
  EXPECT_EQ(Write<8>(0x0123456789abcdef), "89abcdef");
  EXPECT_EQ(Write<9>(0x0123456789abcdef), "789abcdef");
  EXPECT_EQ(Write<16>(0x0123456789abcdef), "0123456789abcdef");
  EXPECT_EQ(Write<16>(~uint64_t{0}), "ffffffffffffffff");
  EXPECT_EQ(Write<16>(0), "0000000000000000");
}

TEST(Hex, ReadsBackWhatWasWritten) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t value = random() >> random() % 64;
    EXPECT_EQ(Read<16>(Write<16>(value)), value);
    EXPECT_EQ(Read<11>(Write<11>(value)), value & 0xfffffffffff);
    EXPECT_EQ(Read<8>(Write<8>(value)), value & 0xffffffff);
    EXPECT_EQ(Read<3>(Write<3>(value)), value & 0xfff);
  }
}

TEST(Hex, KnowsADigitAtEachPlace) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t place = 0; place < 16; ++place) {
    for (int octet = 0; octet < 256; ++octet) {
      std::string text = "0f1e2d3c4b5a6978";
      text[place] = static_cast<char>(octet);
      const bool digit = kDigits.find(text[place]) != std::string_view::npos;

      const std::optional<uint64_t> value = Read<16>(text);

      EXPECT_EQ(value.has_value(), digit) << place << " " << octet;
      EXPECT_EQ(value.value_or(0), digit ? std::stoull(text, nullptr, 16) : 0);
    }
  }
}

}  // namespace
}  // namespace sallyport
