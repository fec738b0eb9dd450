// A second opinion on SIP messages for tests: a plain reader that copies
// everything and shares no line with core/sip.
#ifndef CORE_ROUTING_SLOW_READER_H_
#define CORE_ROUTING_SLOW_READER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::routing::slow {

struct Row {
  std::string name;   // lower case, long form, without space
  std::string value;  // folds became one space; without space around it
  std::string raw;    // every byte of it, with folds and CRLF
};

struct Message {
  std::string start_line;
  std::vector<Row> rows;
  std::string body;

  std::vector<std::string> Values(std::string_view name) const;  // of the rows
  size_t Count(std::string_view name) const { return Values(name).size(); }
  bool Has(std::string_view name) const { return Count(name) > 0; }
};
// Aborts when there is no empty line or a line has no colon.
Message Read(std::string_view bytes);

std::string Lower(std::string_view text);
// At `separator` out of quotes and angle brackets; the parts are trimmed.
std::vector<std::string> Split(std::string_view text, char separator);
// All values of a list over its rows.
std::vector<std::string> List(const Message& message, std::string_view name);

// The rows of one message in an order that does not depend on where other names
// stand, spaces after separators gone, Via parameters sorted.
std::vector<std::string> Essence(const Message& message);

}  // namespace sallyport::routing::slow

#endif  // CORE_ROUTING_SLOW_READER_H_
