#include "net/tls/distrust.h"

namespace sallyport::net::tls {

std::string_view ToString(Distrust distrust) {
  switch (distrust) {
    case Distrust::kNone:
      return "none";
    case Distrust::kNoCertificate:
      return "no_certificate";
    case Distrust::kUnknownAuthority:
      return "unknown_authority";
    case Distrust::kExpired:
      return "expired";
    case Distrust::kNotYetValid:
      return "not_yet_valid";
    case Distrust::kWrongName:
      return "wrong_name";
    case Distrust::kWrongPurpose:
      return "wrong_purpose";
    case Distrust::kBadChain:
      return "bad_chain";
  }
  return "";
}

}  // namespace sallyport::net::tls
