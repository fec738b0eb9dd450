#include "core/news.h"

#include <cstring>
#include <type_traits>

namespace sallyport {
namespace {

// The lengths stand in front, so that no octet of a text has a meaning.
struct Head {
  NewsView::Kind kind;
  registration::Standing standing;
  uint32_t reg_id;
  uint32_t impi;
  uint32_t instance;
  uint32_t contact_uri;
};
static_assert(std::is_trivially_copyable_v<Head>);

}  // namespace

void WriteNews(const NewsView& news, std::string& room) {
  const DeviceView& device = news.device;
  const Head head{
      .kind = news.kind,
      .standing = news.standing,
      .reg_id = device.reg_id,
      .impi = static_cast<uint32_t>(device.impi.size()),
      .instance = static_cast<uint32_t>(device.instance.size()),
      .contact_uri = static_cast<uint32_t>(device.contact_uri.size())};
  room.assign(reinterpret_cast<const char*>(&head), sizeof(head));
  room.append(device.impi);
  room.append(device.instance);
  room.append(device.contact_uri);
}

std::optional<NewsView> ReadNews(std::string_view text) {
  Head head;
  if (text.size() < sizeof(head)) return std::nullopt;
  std::memcpy(&head, text.data(), sizeof(head));
  text.remove_prefix(sizeof(head));
  if (text.size() != size_t{head.impi} + head.instance + head.contact_uri) {
    return std::nullopt;
  }
  return NewsView{.kind = head.kind,
                  .standing = head.standing,
                  .device = {.reg_id = head.reg_id,
                             .impi = text.substr(0, head.impi),
                             .instance = text.substr(head.impi, head.instance),
                             .contact_uri = text.substr(size_t{head.impi} +
                                                        head.instance)}};
}

}  // namespace sallyport
