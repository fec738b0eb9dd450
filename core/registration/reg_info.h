// A RegInfo is what a registrar says of a user's registrations in the body of a
// NOTIFY: a document of type application/reginfo+xml.
#ifndef CORE_REGISTRATION_REG_INFO_H_
#define CORE_REGISTRATION_REG_INFO_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::registration {

// Why a contact is in its state. Source: RFC 3680 5.3
enum class ContactEvent : uint8_t {
  kRegistered,
  kCreated,
  kRefreshed,
  kShortened,
  kExpired,
  kDeactivated,
  kProbation,
  kUnregistered,
  kRejected,
};
std::string_view ToString(ContactEvent event);  // as in the document

struct RegContact {
  std::string uri;
  std::string instance;  // +sip.instance, without its quotes; or empty
  bool active = false;   // or terminated
  ContactEvent event = ContactEvent::kRegistered;
  std::optional<uint32_t> expires_s;
};

struct Registration {
  enum class State : uint8_t { kInit, kActive, kTerminated };
  std::string aor;
  State state = State::kInit;
  // The pattern that the public identity stands for, or empty.
  // Source: TS 24.229 7.10.2
  std::string wildcarded_identity;
  std::vector<RegContact> contacts;
};

struct RegInfo {
  uint32_t version = 0;
  bool full = false;  // or partial: only what has changed
  std::vector<Registration> registrations;
};

// What is wrong with a document, first fault first.
enum class RegInfoFault : uint8_t {
  kNone,
  kTooLong,          // kRegInfoBytesMax
  kNotXml,           // not well-formed, or a NUL in it
  kDoctype,          // it declares a document type
  kTooDeep,          // kRegInfoDepthMax
  kTooMany,          // kRegistrationsMax, kRegContactsMax, kRegInfoNodesMax
  kTextTooLong,      // kRegInfoTextBytesMax
  kNotRegInfo,       // the root element is another one, or of another namespace
  kBadReginfo,       // version or state of the document
  kBadRegistration,  // aor or state of a registration
  kBadContact,       // state, event, expires or uri of a contact
};
std::string_view ToString(RegInfoFault fault);

inline constexpr size_t kRegInfoBytesMax = 49152;  // as a message's body
inline constexpr size_t kRegInfoDepthMax = 8;
inline constexpr size_t kRegInfoNodesMax = 8192;
inline constexpr size_t kRegistrationsMax = 256;
inline constexpr size_t kRegContactsMax = 512;  // in the whole document
inline constexpr size_t kRegInfoTextBytesMax = 1024;

// Reads one document. Elements and attributes that are unknown are skipped, as
// the schema allows extensions anywhere; prefixes of names are not looked at
// but for the root. Nothing is fetched and no entity is expanded but the five
// of XML and characters by number. Fails:  a fault; `info` is then empty. Cost:
// the heap, by a bounded multiple of the document's size. Source: RFC 3680 5
[[nodiscard]] RegInfoFault ReadRegInfo(std::string_view document,
                                       RegInfo& info);

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_REG_INFO_H_
