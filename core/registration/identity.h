// When two URIs name one contact, or one public identity (IMPU).
#ifndef CORE_REGISTRATION_IDENTITY_H_
#define CORE_REGISTRATION_IDENTITY_H_

#include <string_view>

#include "core/sip/values.h"

namespace sallyport::registration {

// RFC 3261 19.1.4; an empty text equals none. Equal octets are the common case
// and need no parsing.
bool SameUri(std::string_view a, std::string_view b);

// Lists of URIs, with one space between two: no URI holds one.
// Do they name one contact?
bool ShareUri(std::string_view a, std::string_view b);
std::string_view FirstUri(std::string_view list);

// Display names do not count, and a SIP URI with user=phone matches the tel
// URI. Source: TS 24.229 5.2.6.3.1
bool SameIdentity(const sip::UriView& wanted, std::string_view registered);

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_IDENTITY_H_
