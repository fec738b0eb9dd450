// How long the registrar's 200 lets a registration live: which of the contacts
// in it is ours, and which of several numbers counts.
#ifndef CORE_GRANTED_EXPIRY_H_
#define CORE_GRANTED_EXPIRY_H_

#include <cstdint>
#include <string_view>

#include "core/sip/message.h"

namespace sallyport {

// One Contact of the REGISTER.
struct RegisteredContact {
  std::string_view uri{};
  std::string_view instance{};  // +sip.instance without quotes, or empty
  uint32_t reg_id = 0;          // 0: none
  uint32_t expires_s = 3600;    // what was asked for
};

// Seconds, or 0 when the 200 does not list the contact.
// Source: RFC 3261 10.2.3, 10.2.4, 19.1.4; spec 5.4
uint32_t GrantedExpiry(const sip::MessageView& ok,
                       const RegisteredContact& contact);

}  // namespace sallyport

#endif  // CORE_GRANTED_EXPIRY_H_
