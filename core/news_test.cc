#include "core/news.h"

#include <string>

#include "core/base/time.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

constexpr NewsView kNews{.kind = NewsView::Kind::kRegistered,
                         .standing = {.impi = 1,
                                      .device = 2,
                                      .id = {.slot = 3, .generation = 4},
                                      .home = 5,
                                      .active = true,
                                      .tls_first = true,
                                      .since = Instant(Millis(123456789012)),
                                      .ends = Instant(Millis(123456789013))},
                         .device = {.reg_id = 7,
                                    .impi = "a@b",
                                    .instance = "<urn:uuid:1>",
                                    .contact_uri = "sip:a@10.0.0.1"}};

TEST(News, ComesOutAsItWentIn) {
  std::string text = "what stood there before";
  WriteNews(kNews, text);
  const auto news = ReadNews(text);

  ASSERT_TRUE(news.has_value());
  EXPECT_EQ(news->kind, kNews.kind);
  EXPECT_EQ(news->standing.impi, kNews.standing.impi);
  EXPECT_EQ(news->standing.device, kNews.standing.device);
  EXPECT_EQ(news->standing.id, kNews.standing.id);
  EXPECT_EQ(news->standing.home, kNews.standing.home);
  EXPECT_EQ(news->standing.active, kNews.standing.active);
  EXPECT_EQ(news->standing.tls_first, kNews.standing.tls_first);
  EXPECT_EQ(news->standing.since, kNews.standing.since);
  EXPECT_EQ(news->standing.ends, kNews.standing.ends);
  EXPECT_EQ(news->device.reg_id, kNews.device.reg_id);
  EXPECT_EQ(news->device.impi, kNews.device.impi);
  EXPECT_EQ(news->device.instance, kNews.device.instance);
  EXPECT_EQ(news->device.contact_uri, kNews.device.contact_uri);
}

TEST(News, CutTextIsNone) {
  std::string text;
  WriteNews(kNews, text);
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ReadNews(text.substr(0, size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace sallyport
