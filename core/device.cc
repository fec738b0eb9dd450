#include "core/device.h"

#include <cstring>

namespace sallyport {
namespace {

// The lengths stand in front, so that no octet of a text has a meaning.
struct Lengths {
  int64_t since_ms;
  uint32_t reg_id;
  uint32_t impi;
  uint32_t instance;
  uint32_t contact_uri;
};

}  // namespace

std::string WriteDevice(const DeviceView& device) {
  const Lengths lengths{
      .since_ms = device.since.time_since_epoch().count(),
      .reg_id = device.reg_id,
      .impi = static_cast<uint32_t>(device.impi.size()),
      .instance = static_cast<uint32_t>(device.instance.size()),
      .contact_uri = static_cast<uint32_t>(device.contact_uri.size())};
  std::string text(reinterpret_cast<const char*>(&lengths), sizeof(lengths));
  text.append(device.impi);
  text.append(device.instance);
  text.append(device.contact_uri);
  return text;
}

std::optional<DeviceView> ReadDevice(std::string_view text) {
  Lengths lengths;
  if (text.size() < sizeof(lengths)) return std::nullopt;
  std::memcpy(&lengths, text.data(), sizeof(lengths));
  text.remove_prefix(sizeof(lengths));
  if (text.size() != size_t{lengths.impi} + lengths.instance +
                         lengths.contact_uri) {
    return std::nullopt;
  }
  return DeviceView{
      .since = Instant(Millis(lengths.since_ms)),
      .reg_id = lengths.reg_id,
      .impi = text.substr(0, lengths.impi),
      .instance = text.substr(lengths.impi, lengths.instance),
      .contact_uri = text.substr(size_t{lengths.impi} + lengths.instance)};
}

}  // namespace sallyport
