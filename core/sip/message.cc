#include "core/sip/message.h"

#include "core/sip/scanner.h"

namespace sallyport::sip {

std::string_view ToString(ScanVerdict verdict) {
  switch (verdict) {
    case ScanVerdict::kOk:
      return "ok";
    case ScanVerdict::kBadStartLine:
      return "bad_start_line";
    case ScanVerdict::kMalformedStartLine:
      return "malformed_start_line";
    case ScanVerdict::kBadVersion:
      return "bad_version";
    case ScanVerdict::kBadHeaderLine:
      return "bad_header_line";
    case ScanVerdict::kTooManyHeaders:
      return "too_many_headers";
    case ScanVerdict::kHeaderTooLong:
      return "header_too_long";
    case ScanVerdict::kHeadTooLong:
      return "head_too_long";
    case ScanVerdict::kUriTooLong:
      return "uri_too_long";
    case ScanVerdict::kIncomplete:
      return "incomplete";
  }
  return "";
}

std::string_view ToString(Method method) {
  switch (method) {
    case Method::kOther:
      return "";
    case Method::kRegister:
      return "REGISTER";
    case Method::kInvite:
      return "INVITE";
    case Method::kAck:
      return "ACK";
    case Method::kBye:
      return "BYE";
    case Method::kCancel:
      return "CANCEL";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kMessage:
      return "MESSAGE";
    case Method::kSubscribe:
      return "SUBSCRIBE";
    case Method::kNotify:
      return "NOTIFY";
    case Method::kPrack:
      return "PRACK";
    case Method::kUpdate:
      return "UPDATE";
    case Method::kInfo:
      return "INFO";
    case Method::kRefer:
      return "REFER";
    case Method::kPublish:
      return "PUBLISH";
  }
  return "";
}

Method MethodOf(std::string_view name) {
  constexpr Method kByFrequency[] = {
      Method::kRegister, Method::kInvite,    Method::kAck,    Method::kBye,
      Method::kOptions,  Method::kSubscribe, Method::kNotify, Method::kMessage,
      Method::kCancel,   Method::kUpdate,    Method::kPrack,  Method::kInfo,
      Method::kRefer,    Method::kPublish,
  };
  for (Method method : kByFrequency) {
    if (name == ToString(method)) return method;
  }
  return Method::kOther;
}

ScanVerdict MessageView::Scan(std::string_view message, ScanPolicy policy) {
  return MessageScanner(policy, BestKernel()).Scan(message, *this);
}

void MessageView::Clear(std::string_view message) {
  bytes_ = message;
  is_request_ = false;
  method_ = Method::kOther;
  status_code_ = 0;
  method_size_ = uri_begin_ = uri_size_ = 0;
  reason_begin_ = reason_size_ = 0;
  start_line_end_ = headers_end_ = 0;
  head_size_ = static_cast<uint32_t>(message.size());
  count_ = 0;
  first_.fill(0);
  repeated_.reset();
}

const HeaderField* MessageView::FindBehind(const HeaderField* field) const {
  if (field->id == HeaderId::kOther) return nullptr;
  const HeaderField* const end = fields_.data() + count_;
  for (const HeaderField* next = field + 1; next != end; ++next) {
    if (next->id == field->id) return next;
  }
  return nullptr;
}

size_t MessageView::Count(HeaderId id) const {
  size_t count = 0;
  for (const HeaderField& field : headers()) count += field.id == id;
  return count;
}

}  // namespace sallyport::sip
