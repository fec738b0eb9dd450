#include "core/sip/start_line.h"

#include <optional>

#include "core/sip/octets.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool HasBlank(std::string_view text) {
  return FindAny<' ', '\t'>(text) < text.size();
}

bool StartsWithSip(std::string_view text) {
  return text.size() >= 4 && ToLower(text[0]) == 's' &&
         ToLower(text[1]) == 'i' && ToLower(text[2]) == 'p' && text[3] == '/';
}

// What may be a version: "SIP/" 1*DIGIT "." 1*DIGIT.
bool IsSipVersion(std::string_view text) {
  if (!StartsWithSip(text)) return false;
  text.remove_prefix(4);
  const size_t dot = text.find('.');
  if (dot == 0 || dot == text.npos || dot + 1 == text.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i != dot && !IsDigit(text[i])) return false;
  }
  return true;
}

ScanVerdict JudgeVersion(std::string_view version) {
  if (version == "SIP/2.0") return ScanVerdict::kOk;
  if (!IsSipVersion(version)) return ScanVerdict::kMalformedStartLine;
  // Source: RFC 3261 7.1 (the version has no case).
  return version.substr(4) == "2.0" ? ScanVerdict::kOk
                                    : ScanVerdict::kBadVersion;
}

size_t WithoutBlanksBehind(std::string_view line) {
  size_t size = line.size();
  while (size > 0 && IsBlank(line[size - 1])) --size;
  return size;
}

// Method SP Request-URI SP SIP-Version; anything may stand between method and
// version as long as both can be told.
StartLine ReadRequestLine(std::string_view line, size_t uri_bytes_max) {
  const size_t method_end = SpanOf(line, kTokenChars);
  if (method_end == 0 || method_end == line.size()) return {};
  if (!IsBlank(line[method_end])) return {};
  const size_t end = WithoutBlanksBehind(line);
  if (end <= method_end) return {};
  size_t version_begin = end;
  while (!IsBlank(line[version_begin - 1])) --version_begin;
  const std::string_view version =
      line.substr(version_begin, end - version_begin);
  if (!StartsWithSip(version)) return {};

  StartLine start;
  start.kind = StartLine::Kind::kRequest;
  start.method = line.substr(0, method_end);
  const size_t uri_begin = method_end + 1;
  if (version_begin > uri_begin) {
    start.uri = line.substr(uri_begin, version_begin - 1 - uri_begin);
  } else {
    start.uri = line.substr(uri_begin, 0);
  }
  start.verdict = JudgeVersion(version);
  if (start.uri.empty() || end != line.size() || line[method_end] != ' ' ||
      line[version_begin - 1] != ' ' || HasBlank(start.uri)) {
    start.verdict = ScanVerdict::kMalformedStartLine;
  } else if (start.verdict == ScanVerdict::kOk &&
             start.uri.size() > uri_bytes_max) {
    start.verdict = ScanVerdict::kUriTooLong;
  }
  return start;
}

// SIP-Version SP Status-Code SP Reason-Phrase; a code has three digits and a
// class of 1 to 6.
StartLine ReadStatusLine(std::string_view line) {
  StartLine start;
  start.kind = StartLine::Kind::kResponse;
  start.verdict = ScanVerdict::kMalformedStartLine;
  const size_t space = line.find(' ');
  if (space == line.npos) return start;
  const std::string_view rest = line.substr(space + 1);
  const std::optional<uint32_t> code = ParseUint32(rest.substr(0, 3));
  if (!code || *code < 100 || *code > 699) return start;
  if (rest.size() < 4 || rest[3] != ' ') return start;
  start.verdict = JudgeVersion(line.substr(0, space));
  if (start.verdict == ScanVerdict::kMalformedStartLine) return start;
  start.code = static_cast<int>(*code);
  start.reason = rest.substr(4);
  return start;
}

}  // namespace

StartLine ReadStartLine(std::string_view line, size_t uri_bytes_max) {
  return StartsWithSip(line) ? ReadStatusLine(line)
                             : ReadRequestLine(line, uri_bytes_max);
}

}  // namespace sallyport::sip
